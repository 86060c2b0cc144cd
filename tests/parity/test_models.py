"""Models beside real Keras: layers, configurations, names, shapes, freezing, sub-models, copies, calls."""

import functools
import json

import numpy as np
import pytest

import keraunos
from tests.parity.layer_harness import plain

keras = pytest.importorskip("keras")


def in_both(fn):
    """(fn(keraunos), fn(keras)), each from the same seed and with fresh names."""
    found = []
    for library in (keraunos, keras):
        library.utils.clear_session(free_memory=False)
        library.utils.set_random_seed(5)
        found.append(fn(library))
    return found


def numbers(*shape):
    return np.random.default_rng(2).normal(size=shape).astype("float32")


def near(got, want, tol=1e-5):
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=tol, atol=tol)


# -- models: name -> (K -> model, inputs) ------------------------------------------------------------------------------------


def plain_stack(K):
    return K.Sequential([K.Input((4,)), K.layers.Dense(3, activation="relu"), K.layers.Dropout(0.5), K.layers.Dense(2)])


def deferred_stack(K):
    model = K.Sequential(
        [K.layers.Dense(3, kernel_initializer="he_normal"), K.layers.BatchNormalization()], name="late"
    )
    model.build((None, 4))
    return model


def legacy_stack(K):
    model = K.Sequential(name="old")
    model.add(K.Input(shape=(4,), batch_size=2, name="given"))
    model.add(K.layers.Dense(3, use_bias=False))
    return model


def two_in_two_out(K):
    a, b = K.Input((4,), name="a"), K.Input((3,), name="b")
    both = K.layers.Concatenate()([K.layers.Dense(3)(a), b])
    return K.Model([a, b], [K.layers.Dense(2, name="left")(both), K.layers.Dense(1, name="right")(both)], name="fork")


def dicts(K):
    inputs = {"u": K.Input((4,), name="u"), "v": K.Input((4,), name="v")}
    total = K.layers.Add()([inputs["u"], inputs["v"]])
    return K.Model(inputs, {"sum": total, "part": K.layers.Dense(2, name="part")(total)})


def shared_twice(K):
    a, b = K.Input((4,)), K.Input((4,))
    dense = K.layers.Dense(3, name="shared")
    return K.Model([a, b], K.layers.Subtract()([dense(a), dense(b)]))


def operators(K):
    x = K.Input((4,))
    y = (x + 1) * 2 - x / 3.0
    y = K.ops.concatenate([y, K.ops.relu(x)], axis=1)
    y = K.ops.reshape(K.ops.transpose(K.ops.expand_dims(y, -1), (0, 2, 1)), (-1, 8))
    return K.Model(x, K.layers.Dense(2)(y[:, 1:5]) ** 2)


def nests(K):
    x = K.Input((4,), name="outer")
    inner_input = K.Input((3,), name="inner_input")
    inner = K.Model(inner_input, K.layers.Dense(3, name="deep")(inner_input), name="inner")
    stack = K.Sequential([K.Input((4,)), K.layers.Dense(3, name="deep")], name="stack")
    return K.Model(x, K.layers.Add()([inner(stack(x)), inner(inner(stack(x)))]), name="nest")


def branches(K):
    x = K.Input((6, 6, 2))
    a = K.layers.Conv2D(3, 3, padding="same", name="conv_a")(x)
    b = K.layers.Conv2D(3, 1, name="conv_b")(x)
    b = K.layers.Activation("relu")(K.layers.BatchNormalization()(b))
    y = K.layers.Flatten()(K.layers.MaxPooling2D()(K.layers.add([a, b])))
    return K.Model(inputs=x, outputs=[K.layers.Dense(2)(y), y])


def frozen(K):
    model = plain_stack(K)
    model.layers[0].trainable = False
    return model


def masks(K):
    x = K.Input((5,), dtype="int32")
    y = K.layers.Embedding(7, 3, mask_zero=True)(x)
    y = K.layers.Dropout(0.1)(y)
    return K.Model(x, K.layers.GRU(2)(y))


def policies(K):
    x = K.Input((4,))
    y = K.layers.Dense(3, dtype="mixed_bfloat16")(x)
    return K.Model(x, K.layers.Dense(2, dtype="float32")(y))


def regularized(K):
    x = K.Input((4,), name="in")
    y = K.layers.Dense(3, kernel_regularizer="l2", activity_regularizer=K.regularizers.L1(0.1))(x)
    return K.Model(x, K.layers.Dense(2, kernel_constraint=K.constraints.NonNeg(), bias_initializer="ones")(y))


MODELS = {
    f.__name__: f
    for f in (
        plain_stack,
        deferred_stack,
        legacy_stack,
        two_in_two_out,
        dicts,
        shared_twice,
        operators,
        nests,
        branches,
        frozen,
        masks,
        policies,
        regularized,
    )
}


@functools.cache
def pair(make):
    """(ours, Keras's), made once for all tests that only look at them and call them."""
    return in_both(make)


every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


def inputs_of(model, rows=2):
    """Arrays for the model's inputs, nested as it wants them."""

    def make(x):
        shape = (rows, *x.shape[1:])
        return np.arange(np.prod(shape)).reshape(shape) % 5 if "int" in str(x.dtype) else numbers(*shape)

    given = [make(x) for x in model.inputs]
    if len(given) == 1:
        return given[0]
    return dict(zip(("u", "v"), given)) if isinstance(model.input, dict) else given


def leaves(outputs):
    if isinstance(outputs, dict):
        return [np.asarray(outputs[k]) for k in sorted(outputs)]
    return [np.asarray(x) for x in outputs] if isinstance(outputs, (list, tuple)) else [np.asarray(outputs)]


def same_outputs(ours, theirs, x, tol=1e-5):
    got, want = leaves(ours(x)), leaves(theirs(x))
    assert len(got) == len(want)
    for a, b in zip(got, want):
        assert str(a.dtype) == str(b.dtype)
        near(a.astype("float32"), b.astype("float32"), tol)


@every_model
def test_parts(make):
    def told(model):
        weights = lambda variables: [(v.path, tuple(v.shape), str(v.dtype)) for v in variables]
        return {
            "name": model.name,
            "layers": [(layer.name, type(layer).__name__, layer.count_params()) for layer in model.layers],
            "weights": weights(model.weights),
            "trainable": weights(model.trainable_weights),
            "non_trainable": weights(model.non_trainable_weights),
            "variables": weights(model.variables),
            "params": model.count_params(),
            "inputs": [(tuple(x.shape), x.dtype) for x in model.inputs],
            "outputs": [(tuple(x.shape), x.dtype) for x in model.outputs],
            "input names": [x.name for x in model.inputs if not x.name.startswith(("input_layer", "keras_tensor"))],
            "output_names": model.output_names if type(model).__name__ == "Functional" else None,
            "input_shape": model.input_shape,
            "output_shape": model.output_shape,
        }

    ours, theirs = pair(make)
    got, want = told(ours), told(theirs)
    for key in want:
        assert got[key] == want[key], key


def comparable(config):
    """A configuration as JSON, without shapes that layers without weights were built with, floats to 6 digits."""
    if isinstance(config, dict):
        weightless = config.get("class_name") in ("Flatten", "Add", "Concatenate", "Subtract")
        return {k: comparable(v) for k, v in config.items() if not (k == "build_config" and weightless)}
    if isinstance(config, (list, tuple)):
        return [comparable(v) for v in config]
    return float(f"{config:.6g}") if isinstance(config, float) else config


def without_masks(config):
    """Keras writes the masks of a graph as operations of their own; keraunos finds them as it runs."""
    layers = [entry for entry in config["layers"] if entry["class_name"] != "NotEqual"]
    for entry in layers:
        for node in entry["inbound_nodes"]:
            node["kwargs"]["mask"] = None
    return {**config, "layers": layers}


@every_model
def test_configuration(make):
    ours, theirs = pair(make)
    tidy = without_masks if make is masks else lambda config: config
    assert tidy(comparable(plain(ours.get_config()))) == tidy(comparable(plain(theirs.get_config())))
    got, want = json.loads(ours.to_json()), json.loads(theirs.to_json())
    assert tidy(comparable(got.pop("config"))) == tidy(comparable(want.pop("config")))
    assert got == want


@every_model
def test_copies_compute_the_same(make):
    ours, theirs = pair(make)
    x = inputs_of(ours)
    same_outputs(ours, theirs, x)
    copies = {  # how -> (ours, Keras's)
        "from_config": (type(ours).from_config(ours.get_config()), type(theirs).from_config(theirs.get_config())),
        "from the other": (type(ours).from_config(theirs.get_config()), type(theirs).from_config(ours.get_config())),
        "json": tuple(L.models.model_from_json(m.to_json()) for L, m in ((keraunos, theirs), (keras, ours))),
        "clone": (keraunos.models.clone_model(ours), keras.models.clone_model(theirs)),
    }
    for how, (copy, other) in copies.items():
        assert [v.path for v in copy.weights] == [v.path for v in other.weights], how
        assert [v.trainable for v in copy.weights] == [v.trainable for v in ours.weights], how
        assert [layer.name for layer in copy.layers] == [layer.name for layer in ours.layers], how
        for model in (copy, other):
            model.set_weights(ours.get_weights())
            same_outputs(model, theirs, x)


# -- calls -------------------------------------------------------------------------------------------------------------------


def test_sub_models_and_new_inputs():
    def make(K):
        model = branches(K)
        inner = K.Model(model.inputs[0], [model.get_layer("conv_a").output, model.layers[-1].output])
        again = model(K.Input((6, 6, 2), batch_size=3))
        stack = K.Sequential([K.Input((4,)), K.layers.Dense(3, name="one"), K.layers.Dense(2, name="two")])
        features = K.Model(stack.inputs[0], stack.get_layer("one").output)
        rest = K.Model(stack.get_layer("one").output, stack.outputs[0])
        return model, inner, again, stack, features, rest

    (model, inner, again, stack, features, rest), theirs = in_both(make)
    same_outputs(inner, theirs[1], numbers(2, 6, 6, 2))
    assert [t.shape for t in again] == [tuple(t.shape) for t in theirs[2]]
    same_outputs(features, theirs[4], numbers(2, 4))
    same_outputs(rest, theirs[5], numbers(2, 3))
    for ours, other in ((features, theirs[4]), (rest, theirs[5])):
        assert [w.path for w in ours.weights] == [w.path for w in other.weights]
    assert model.get_layer(index=1) is model.layers[1] and stack.get_layer("two") is stack.layers[1]
    with pytest.raises(ValueError, match="conv_z"):
        model.get_layer("conv_z")


CALLS = [  # model, inputs: what a functional model takes
    (two_in_two_out, lambda: [numbers(2, 4), numbers(2, 3)]),
    (two_in_two_out, lambda: (numbers(2, 4), numbers(2, 3))),
    (two_in_two_out, lambda: {"a": numbers(2, 4), "b": numbers(2, 3)}),
    (dicts, lambda: {"u": numbers(2, 4), "v": numbers(2, 4)}),
    (dicts, lambda: {"v": numbers(2, 4), "u": numbers(2, 4) + 1}),
    (masks, lambda: np.array([[1, 2, 0, 3, 0]], "int64")),
    (masks, lambda: np.array([[1.0, 2.0, 0.0, 3.0, 0.0]])),
    (policies, lambda: np.arange(8).reshape(2, 4)),
    (operators, lambda: numbers(2, 4).astype("float64")),
]


@pytest.mark.parametrize("make, inputs", CALLS)
def test_forms_of_inputs(make, inputs):
    ours, theirs = in_both(make)
    same_outputs(ours, theirs, inputs(), 1e-2 if make is policies else 1e-5)
    got, want = ours.predict(inputs(), verbose=0), theirs.predict(inputs(), verbose=0)
    for a, b in zip(leaves(got), leaves(want)):
        near(a.astype("float32"), b.astype("float32"), 1e-2 if make is policies else 1e-5)


@pytest.mark.parametrize("recorded", [None, True, False])
def test_a_models_mode_goes_before_what_its_layers_were_called_with(recorded):
    def make(K):
        x = K.Input((50,))
        mode = {} if recorded is None else {"training": recorded}
        return K.Model(x, K.layers.Dropout(0.5)(x, **mode))

    def dropped(model):
        x = np.ones((1, 50), "float32")
        found = [model(x), model(x, training=True), model(x, training=False), model.predict(x, verbose=0)]
        return [bool((np.asarray(y) == 0).any()) for y in found]

    ours, theirs = in_both(make)
    assert dropped(ours) == dropped(theirs)
    assert dropped(keraunos.models.model_from_json(theirs.to_json())) == dropped(theirs)
    assert dropped(keraunos.Sequential([keraunos.Input((50,)), ours])) == dropped(theirs)


def test_freezing():
    def told(K):
        model = nests(K)
        states = []
        for change in (
            lambda: None,
            lambda: setattr(model.get_layer("inner"), "trainable", False),
            lambda: setattr(model.get_layer("inner").layers[1], "trainable", True),
            lambda: setattr(model, "trainable", False),
            lambda: setattr(model.get_layer("stack"), "trainable", True),
            lambda: setattr(model, "trainable", True),
        ):
            change()
            states.append(
                [
                    [v.path for v in variables]
                    for variables in (model.trainable_weights, model.non_trainable_weights, model.trainable_variables)
                ]
                + [[layer.trainable for layer in model.layers]]
            )
        return states

    ours, theirs = in_both(told)
    assert ours == theirs


def test_growing_a_stack():
    def told(K):
        model = K.Sequential(name="growing")
        seen = [model.built]
        model.add(K.layers.Dense(3))
        seen.append(model.built)
        model.add(K.layers.Dense(2))
        model.build((None, 4))
        seen.append((model.built, model.output_shape, [v.path for v in model.weights]))
        model.pop()
        model.add(K.layers.Dense(5, name="last"))
        seen.append((model.output_shape, [layer.name for layer in model.layers], model.count_params()))
        other = K.Sequential([K.layers.Dense(2), K.layers.Dense(2)])
        other(numbers(3, 7))
        return [*seen, [v.path for v in other.weights], other.input_shape[1:]]

    ours, theirs = in_both(told)
    assert ours == theirs


def test_a_subclass_that_hands_its_graph_to_the_base():
    def make(K):
        class Mine(K.Model):
            def __init__(self, units):
                x = K.Input((4,))
                super().__init__(inputs=x, outputs=K.layers.Dense(units)(x), name="mine")
                self.units = units

            def call(self, x):
                return super().call(x) * 2

            def get_config(self):
                return {"units": self.units}

        return Mine(3), Mine

    (ours, cls), (theirs, _) = in_both(make)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    same_outputs(ours, theirs, numbers(2, 4))
    assert cls.from_config(ours.get_config()).units == 3 and ours.output_shape == (None, 3)


def test_custom_loop_in_jax():
    import jax

    x, y = numbers(32, 4), numbers(32, 2)

    def run(K):
        model = K.Sequential(
            [
                K.Input((4,)),
                K.layers.Dense(6, activation="tanh"),
                K.layers.BatchNormalization(),
                K.layers.Dropout(0.2),
                K.layers.Dense(2),
            ]
        )
        optimizer, loss_fn, metric = K.optimizers.Adam(0.01), K.losses.MeanSquaredError(), K.metrics.MeanAbsoluteError()
        optimizer.build(model.trainable_variables)

        def loss_of(trainable, other, metric_values, x, y):
            y_pred, other = model.stateless_call(trainable, other, x, training=True)
            return loss_fn(y, y_pred), (other, metric.stateless_update_state(metric_values, y, y_pred))

        @jax.jit
        def step(state, x, y):
            trainable, other, slots, metric_values = state
            (loss, (other, metric_values)), grads = jax.value_and_grad(loss_of, has_aux=True)(
                trainable, other, metric_values, x, y
            )
            trainable, slots = optimizer.stateless_apply(slots, grads, trainable)
            return loss, (trainable, other, slots, metric_values)

        variables = (model.trainable_variables, model.non_trainable_variables, optimizer.variables, metric.variables)
        state = tuple([v.value for v in group] for group in variables)
        losses = []
        for _ in range(4):
            loss, state = step(state, x, y)
            losses.append(float(loss))
        for group, values in zip(variables, state):
            for v, value in zip(group, values):
                v.assign(value)
        return losses, float(metric.stateless_result(state[3])), model.get_weights(), np.asarray(model(x))

    (losses, result, weights, outputs), theirs = in_both(run)
    near(losses, theirs[0])
    near(result, theirs[1])
    near(outputs, theirs[3], 1e-4)
    for a, b in zip(weights, theirs[2]):
        near(a, b, 1e-4)


def test_stateless_scope():
    def told(K):
        layer = K.layers.Dense(2, kernel_initializer="ones")
        layer.build((None, 3))
        mapping = [(layer.kernel, K.ops.zeros((3, 2))), (layer.bias, K.ops.ones((2,)))]
        with K.StatelessScope(state_mapping=mapping) as scope:
            inside = np.asarray(layer(numbers(2, 3)))
            layer.bias.assign(layer.bias + 4)
        return (
            inside,
            np.asarray(scope.get_current_value(layer.bias)),
            np.asarray(layer.bias.value),
            np.asarray(layer.kernel.value),
        )

    for a, b in zip(*in_both(told)):
        near(a, b)
    calls = []
    for K in (keraunos, keras):
        model = plain_stack(K)
        _, _, losses = model.stateless_call(
            [v.value for v in model.trainable_variables],
            [v.value for v in model.non_trainable_variables],
            numbers(2, 4),
            return_losses=True,
        )
        calls.append(losses)
    assert calls[0] == calls[1] == []


# -- summaries -----------------------------------------------------------------------------------------------------------------


@every_model
@pytest.mark.parametrize("options", [{}, {"expand_nested": True, "show_trainable": True, "line_length": 100}])
def test_summary(make, options):
    def lines(model):
        said = []
        model.summary(print_fn=lambda text, **_: said.append(text), **options)
        return "\n".join(said), [layer.name for layer in model.layers]

    (ours, names), (theirs, _) = map(lines, pair(make))
    for name in names:
        assert f" {name} " in ours
    totals = lambda text: [line.strip() for line in text.splitlines() if "params:" in line]
    assert totals(ours) == totals(theirs)
    if make is not masks:
        assert ("Connected to" in ours) == ("Connected to" in theirs)
    width = max(map(len, ours.splitlines()))
    assert width <= (options.get("line_length") or 100)
