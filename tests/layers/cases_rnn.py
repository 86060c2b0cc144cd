"""Cases of simple_rnn.py, lstm.py, gru.py and rnn.py."""

from tests.layers.cases import Case

X, MASK = (3, 5, 4), (3, 5)
ALL = {"return_sequences": True, "return_state": True}
# Each instance compiles a loop: what does not depend on the way through time is looked at once.
FEW = ("check_shapes", "check_half", "check_rows")
# Dropped in training only, while Keras draws masks at each call: test_layers_rnn.py compares.
DROPPED = (*FEW, "parity:check_numbers")
# Two calls differ: test_rnn.py looks at that.
STATEFUL = ("check_shapes", "check_config", "check_half", "check_engines", "parity:check_numbers")


def C(name, kwargs, shape=X, **more):
    if name == "SimpleRNN":
        more["config_differs"] = ("seed", "activity_regularizer")  # Keras loses them
    return Case(name, kwargs, shape, **more)


def of_each(kwargs, **more):
    """One case for each of the three layers."""
    return [C(name, {"units": 6, **kwargs}, **more) for name in ("SimpleRNN", "LSTM", "GRU")]


CASES = [
    *of_each(
        {
            "bias_initializer": "random_normal",
            "activation": "relu",
            "kernel_regularizer": "l2",
            "return_sequences": True,
        }
    ),
    *of_each(ALL, mask=MASK),
    *of_each({"go_backwards": True, "return_sequences": True, "use_bias": False}, skip=FEW),
    *of_each({"go_backwards": True, "return_state": True, "unroll": True}, mask=MASK, skip=FEW),
    *of_each({"dropout": 0.3, "recurrent_dropout": 0.5, "seed": 3}, training=(True,), skip=DROPPED),
    *of_each({"stateful": True, "activity_regularizer": "l2"}, skip=STATEFUL),
    C("LSTM", {"units": 2, "unit_forget_bias": False, "recurrent_activation": "hard_sigmoid"}, skip=FEW),
    C(
        "LSTM",
        {"units": 2, "bias_initializer": "random_normal", "kernel_constraint": "max_norm", "bias_regularizer": "l1"},
        skip=FEW,
    ),
    C("LSTM", {"units": 2, "zero_output_for_mask": True, **ALL}, mask=MASK, skip=FEW),
    C("LSTM", {"units": 2, "zero_output_for_mask": True}, mask=MASK, skip=FEW),
    C("GRU", {"units": 6, "reset_after": False}, skip=FEW),
    C("GRU", {"units": 6, "reset_after": False, "use_bias": False, "return_sequences": True}, mask=MASK, skip=FEW),
    C("RNN", lambda layers: {"cell": layers.GRUCell(3), "return_sequences": True}, skip=FEW),
    C(
        "RNN",
        lambda layers: {"cell": layers.SimpleRNNCell(3, seed=1), "zero_output_for_mask": True},
        mask=MASK,
        skip=FEW,
    ),
    C("RNN", lambda layers: {"cell": [layers.LSTMCell(4), layers.GRUCell(3)], **ALL}, mask=MASK, skip=FEW[1:]),
    C("RNN", lambda layers: {"cell": layers.StackedRNNCells([layers.LSTMCell(4), layers.LSTMCell(4)])}, skip=FEW),
]
