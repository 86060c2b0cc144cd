"""Activations, regularizers, constraints and tree against real Keras: values, gradients at kinks, configurations, names."""

from collections import namedtuple

import numpy as np
import pytest

from keraunos import activations, constraints, regularizers, tree
from keraunos.backend import dispatch

keras = pytest.importorskip("keras")
import jax  # noqa: E402  (Keras runs on it)

# Not compared: Keras's own values do not sum to 1 along the axis.
NAMES = sorted(n for n in activations.__all__ if n not in ("get", "serialize", "deserialize", "sparsemax"))
POINTS = [-200.0, -7.0, -6.0, -3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 6.0, 7.0, 40.0]
ALONG_AN_AXIS = ("softmax", "log_softmax", "glu")


@pytest.fixture(autouse=True)
def on_jax():
    with dispatch.use("jax"):
        yield


def both(name):
    return getattr(activations, name), getattr(keras.activations, name)


@pytest.mark.parametrize("name", NAMES)
def test_activations(name):
    x = jax.numpy.array(POINTS)
    if name in ALONG_AN_AXIS:
        x = x[:14].reshape(7, 2)
    extra = (0.5, 0.0) if name == "threshold" else ()
    found = []
    for fn in both(name):
        value, back = jax.vjp(lambda v, fn=fn: fn(v, *extra), x)
        found.append((value, back(jax.numpy.linspace(1, 2, value.size).reshape(value.shape))[0]))
    for got, want in zip(*found, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"negative_slope": 0.1},
        {"max_value": 6.0},
        {"max_value": 2.5},
        {"threshold": 1.0},
        {"threshold": -1.0},
        {"negative_slope": 0.1, "threshold": 1.0},
        {"max_value": 1.0, "threshold": 1.0},
        {"negative_slope": 0.1, "max_value": 2.5},
        {"negative_slope": 0.1, "max_value": 2.5, "threshold": 1.0},
    ],
)
def test_relu(kwargs):
    """At max_value, where none of the points lies except 6, Keras has a derivative of 1/2 and keraunos, as at 6, of 0."""
    x = jax.numpy.array(POINTS)
    ours, theirs = both("relu")
    np.testing.assert_allclose(ours(x, **kwargs), theirs(x, **kwargs), rtol=1e-6)
    slopes = [jax.vmap(jax.grad(lambda v, fn=fn: fn(v, **kwargs)))(x) for fn in (ours, theirs)]
    np.testing.assert_allclose(*slopes, rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_activations(name):
    ours, theirs = both(name)
    assert activations.serialize(ours) == keras.activations.serialize(theirs)
    assert activations.get(keras.activations.serialize(theirs)) is ours


REGULARIZERS = [("L1", {"l1": 0.25}), ("L2", {"l2": 0.25}), ("L1L2", {"l1": 0.25, "l2": 0.5})]
REGULARIZERS += [("OrthogonalRegularizer", {"factor": 0.25, "mode": mode}) for mode in ("rows", "columns")]
CONSTRAINTS = [
    ("MaxNorm", {"max_value": 1.5, "axis": 1}),
    ("NonNeg", {}),
    ("UnitNorm", {"axis": [0, 1]}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 1.5, "rate": 0.7, "axis": 0}),
]


@pytest.mark.parametrize(
    ("ours", "theirs", "name", "arguments"),
    [(regularizers, keras.regularizers, *row) for row in REGULARIZERS]
    + [(constraints, keras.constraints, *row) for row in CONSTRAINTS],
)
def test_values_and_configurations(ours, theirs, name, arguments):
    x = jax.numpy.asarray(np.random.default_rng(0).normal(size=(4, 3)), "float32")
    a, b = getattr(ours, name)(**arguments), getattr(theirs, name)(**arguments)
    np.testing.assert_allclose(a(x), b(x), rtol=1e-6)
    assert ours.serialize(a) == theirs.serialize(b)
    assert ours.deserialize(theirs.serialize(b)).get_config() == arguments
    theirs.deserialize(ours.serialize(a))


Pair = namedtuple("Pair", "a b")
NESTED = {"b": [1, None], "a": (2, Pair(3, [4]))}


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.flatten(NESTED),
        lambda t: t.flatten_with_path(NESTED),
        lambda t: t.pack_sequence_as(NESTED, [9, 8, 7, 6, 5]),
        lambda t: t.map_structure(lambda x: [x], NESTED),
        lambda t: t.map_structure(lambda x: [x], NESTED, none_is_leaf=False),
        lambda t: t.map_structure_up_to([1, 2], lambda a, b: (a, b), [1, [2]], [3, (4,)]),
        lambda t: t.map_shape_structure(lambda s: (*s, 1), {"a": (None, 3), "b": [(2,), ()]}),
        lambda t: t.lists_to_tuples(NESTED),
        lambda t: t.traverse(lambda x: len(x) if isinstance(x, list) else None, NESTED),
        lambda t: t.traverse(lambda x: t.MAP_TO_NONE if x == 2 else None, NESTED, top_down=False),
    ],
)
def test_tree(call):
    assert call(tree) == call(keras.tree)
