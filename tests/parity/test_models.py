"""Models beside real Keras: layers, configurations, names, shapes, freezing, sub-models, copies, calls."""

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
        library.utils.clear_session()
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
    model = K.Sequential([K.layers.Dense(3, kernel_initializer="he_normal"), K.layers.BatchNormalization()], name="late")
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

    ours, theirs = in_both(make)
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
    ours, theirs = in_both(make)
    tidy = without_masks if make is masks else lambda config: config
    assert tidy(comparable(plain(ours.get_config()))) == tidy(comparable(plain(theirs.get_config())))
    got, want = json.loads(ours.to_json()), json.loads(theirs.to_json())
    assert tidy(comparable(got.pop("config"))) == tidy(comparable(want.pop("config")))
    assert got == want


@every_model
def test_copies_compute_the_same(make):
    ours, theirs = in_both(make)
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
