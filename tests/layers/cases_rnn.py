"""Cases of simple_rnn.py, lstm.py, gru.py, rnn.py and bidirectional.py."""

from tests.layers.cases import Case

X = (3, 5, 4)
ALL = {"return_sequences": True, "return_state": True}
# Keras draws masks also when it does not train, so its seeds are elsewhere after an inference; it leaves SimpleRNN's seed out.
DROPPED = {"training": (True,)}

# Two calls differ; test_rnn.py looks at that.
STATEFUL = ("check_shapes", "check_config", "check_half", "check_engines", "parity:check_numbers")


def C(name, kwargs, shape=X, **more):  # noqa: N802
    if name == "SimpleRNN":
        more["config_differs"] = ("seed",)
    return Case(name, kwargs, shape, **more)


def of_each(kwargs, **more):
    """One case for each of the three layers."""
    return [C(name, {"units": 6, **kwargs}, **more) for name in ("SimpleRNN", "LSTM", "GRU")]


CASES = [
    *of_each({}),
    *of_each({"return_sequences": True, "use_bias": False}),
    *of_each(ALL),
    *of_each({"bias_initializer": "random_normal", "activation": "relu", "kernel_regularizer": "l2"}),
    *of_each({"go_backwards": True, "return_sequences": True}),
    *of_each({"unroll": True, **ALL}),
    *of_each(ALL, mask=(3, 5)),
    *of_each({}, mask=(3, 5)),
    *of_each({"go_backwards": True, "return_state": True}, mask=(3, 5)),
    *of_each({"zero_output_for_mask": True, **ALL}, mask=(3, 5)),
    *of_each({"zero_output_for_mask": True}, mask=(3, 5)),
    *of_each({"dropout": 0.5, "seed": 3}, **DROPPED),
    *of_each({"recurrent_dropout": 0.5, "return_sequences": True}, **DROPPED),
    *of_each({"dropout": 0.3, "recurrent_dropout": 0.5}, **DROPPED, mask=(3, 5)),
    *of_each({"stateful": True, "activity_regularizer": "l2"}, skip=STATEFUL),
    C("LSTM", {"units": 2, "unit_forget_bias": False, "recurrent_activation": "hard_sigmoid", "recurrent_initializer": "he_normal"}),
    C("LSTM", {"units": 2, "bias_initializer": "random_normal", "kernel_constraint": "max_norm", "bias_regularizer": "l1"}),
    C("GRU", {"units": 6, "reset_after": False}),
    C("GRU", {"units": 6, "reset_after": False, "use_bias": False, "return_sequences": True}, mask=(3, 5)),
    C("GRU", {"units": 6, "reset_after": False, "dropout": 0.3, "recurrent_dropout": 0.5}, **DROPPED),
    C("RNN", lambda layers: {"cell": layers.GRUCell(3), "return_sequences": True}),
    C("RNN", lambda layers: {"cell": layers.SimpleRNNCell(3, seed=1), "zero_output_for_mask": True}, mask=(3, 5)),
    C("RNN", lambda layers: {"cell": [layers.LSTMCell(4), layers.GRUCell(3)], **ALL}, mask=(3, 5)),
    C("RNN", lambda layers: {"cell": layers.StackedRNNCells([layers.LSTMCell(4), layers.LSTMCell(4)])}),
    C(
        "RNN",
        lambda layers: {"cell": [layers.LSTMCell(4, dropout=0.5), layers.GRUCell(3, dropout=0.5, recurrent_dropout=0.3)]},
        **DROPPED,
    ),
]
