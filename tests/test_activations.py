"""Activations: names, configurations, the arguments of relu, gradients at kinks."""

import numpy as np
import pytest

from keraunos import activations, ops
from keraunos.core.capture import config_value
from keraunos.ops.symbolic import KerasTensor
from keraunos.util.registry import builtin_names, register_keras_serializable

NAMES = builtin_names("keras.activations")
FIXED = {"threshold": (0.5, 0.0)}  # arguments without defaults


def values(fn, x, *args, **kwargs):
    return np.asarray(fn(x, *args, **kwargs))


@pytest.mark.parametrize("name", NAMES)
def test_names_configurations_and_back(name):
    fn = activations.get(name)
    assert fn is getattr(activations, name)
    config = activations.serialize(fn)
    assert config == config_value(fn) == {"swish": "silu", "hard_swish": "hard_silu"}.get(name, name)
    assert activations.deserialize(config) is fn
    as_function = {"module": "builtins", "class_name": "function", "config": config, "registered_name": "function"}
    assert activations.get(as_function) is fn


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_finite_and_of_the_inputs_dtype(name, dtype):
    x = np.array([[-200.0, -1.0, 0.0, 0.5, 2.0, 10.0]], np.float32)
    y = getattr(activations, name)(ops.cast(x, dtype), *FIXED.get(name, ()))
    assert y.dtype == ops.cast(x, dtype).dtype and np.isfinite(np.asarray(ops.convert_to_numpy(y), np.float32)).all()
    symbolic = getattr(activations, name)(KerasTensor((None, 6), dtype), *FIXED.get(name, ()))
    assert symbolic.shape == (None, 3 if name == "glu" else 6) and symbolic.dtype == dtype


X = [-7.0, -2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 6.0, 7.0]
RELU = [  # arguments, values, derivatives
    ({}, [0, 0, 0, 0, 0.5, 1, 2, 6, 7], [0, 0, 0, 0, 1, 1, 1, 1, 1]),
    ({"negative_slope": 0.5}, [-3.5, -1, -0.5, 0, 0.5, 1, 2, 6, 7], [0.5, 0.5, 0.5, 1, 1, 1, 1, 1, 1]),
    ({"max_value": 6.0}, [0, 0, 0, 0, 0.5, 1, 2, 6, 6], [0, 0, 0, 0, 1, 1, 1, 0, 0]),
    ({"max_value": 2.0}, [0, 0, 0, 0, 0.5, 1, 2, 2, 2], [0, 0, 0, 0, 1, 1, 0, 0, 0]),
    ({"threshold": 1.0}, [0, 0, 0, 0, 0, 0, 2, 6, 7], [0, 0, 0, 0, 0, 0, 1, 1, 1]),
    ({"threshold": -1.0}, [0, 0, 0, 0, 0.5, 1, 2, 6, 7], [0, 0, 0, 1, 1, 1, 1, 1, 1]),
    (
        {"negative_slope": 0.5, "max_value": 6.0, "threshold": 1.0},
        [-4, -1.5, -1, -0.5, -0.25, 0, 2, 6, 6],
        [0.5, 0.5, 0.5, 0.5, 0.5, 0, 1, 0, 0],
    ),
]


@pytest.mark.parametrize(("kwargs", "want", "slopes"), RELU)
def test_relu(kwargs, want, slopes, engine):
    assert values(activations.relu, X, **kwargs).tolist() == pytest.approx(want)
    if engine.trains:
        x = engine.asarray(np.array(X, np.float32))
        _, (gradient,) = engine.value_and_grad(lambda xs: (activations.relu(xs[0], **kwargs).sum(), None))([x])
        assert np.asarray(gradient).tolist() == pytest.approx(slopes)


@pytest.mark.parametrize("kwargs", [r[0] for r in RELU])
def test_relu_of_integers_stays_integer(kwargs):
    x = np.array([-3, 0, 3], np.int32)
    got = values(activations.relu, x, **kwargs)
    assert got.dtype == (np.int32 if not kwargs.get("negative_slope") and not kwargs else got.dtype)
    np.testing.assert_allclose(got, values(activations.relu, x.astype(np.float32), **kwargs))


def test_gelu_is_exact_unless_asked():
    x = np.array([1.5], np.float32)
    assert values(activations.gelu, x) == values(ops.gelu, x, approximate=False)
    assert values(activations.gelu, x, approximate=True) == values(ops.gelu, x)


def test_functions_of_ops_have_the_same_names():
    assert activations.serialize(ops.relu) == "relu" and activations.serialize(ops.sigmoid) == "sigmoid"


def test_get():
    def mine(x):
        return x

    assert activations.get(None) is activations.linear
    assert activations.get(mine) is mine and activations.get(np.tanh) is np.tanh
    for bad, message in (
        ("rellu", "Did you mean 'relu'"),
        (3, r"got 3 \(int\)"),
        ({"class_name": "relu"}, "activation"),
    ):
        with pytest.raises(ValueError, match=message):
            activations.get(bad)


def test_a_function_of_ones_own():
    @register_keras_serializable(package="test_activations")
    def doubled(x):
        return 2 * x

    config = activations.serialize(doubled)
    assert config["config"] == "test_activations>doubled" and activations.get(config) is doubled
    assert activations.deserialize("mine", custom_objects={"mine": doubled}) is doubled
