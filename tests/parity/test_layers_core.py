"""Small layers against real Keras where it takes more than one call: Normalization adapted, masks, Lambda."""

import numpy as np
import pytest

import keraunos

keras = pytest.importorskip("keras")

from tests.parity.layer_harness import near, plain  # noqa: E402

X = np.random.default_rng(0).normal(3, 2, size=(20, 2, 3)).astype("float32")
LIBRARIES = (keraunos, keras)


@pytest.mark.parametrize("axis", [-1, 1, (1, 2), None])
@pytest.mark.parametrize("invert", [False, True])
def test_normalization(axis, invert):
    ours, theirs = (library.layers.Normalization(axis=axis, invert=invert) for library in LIBRARIES)
    for layer in (ours, theirs):
        layer.adapt(X)
    near(ours(X), theirs(X), 1e-5, "")
    near([v.numpy() for v in ours.weights], [np.asarray(v.value) for v in theirs.weights], 1e-5, "weights")
    near([ours.mean, ours.variance], [theirs.mean, theirs.variance], 1e-5, "statistics")
    assert plain(ours.get_config()) == plain(theirs.get_config())


def test_masking():
    x = np.where(np.random.default_rng(1).random((4, 5, 1)) < 0.4, 1.0, np.ones((4, 5, 3)) * [[[1, 2, 3]]]).astype(
        "float32"
    )
    ours, theirs = (library.layers.Masking(1.0) for library in LIBRARIES)
    near(ours(x), theirs(x), 0, "")
    near(ours.compute_mask(x, None), theirs.compute_mask(x, None), 0, "mask")


@pytest.mark.parametrize("kwargs", [{}, {"output_shape": (3,)}, {"mask": [1], "arguments": {"axis": -1}}])
def test_the_configuration_of_lambda(kwargs):
    ours, theirs = (library.layers.Lambda(library.ops.softmax, name="one", **kwargs) for library in LIBRARIES)
    got, want = plain(ours.get_config()), plain(theirs.get_config())
    for config in (got, want):
        config.pop("function")
    assert got == want


MASK = [np.array([[True, False], [True, True]]), np.array([[False, False], [True, False]])]


@pytest.mark.parametrize("masks", [MASK, [MASK[0], None], [None, MASK[1]], [None, None]])
@pytest.mark.parametrize("name", ["Add", "Average", "Maximum", "Concatenate", "Concatenate 1"])
def test_masks_of_merging_layers(name, masks):
    name, *axis = name.split()
    x = [np.ones((2, 2, 3), "float32")] * 2
    ours, theirs = (getattr(library.layers, name)(*map(int, axis)) for library in LIBRARIES)
    got, want = ours.compute_mask(x, masks), theirs.compute_mask(x, masks)
    assert (got is None) == (want is None)
    if want is not None:
        near(got, want, 0, "")
