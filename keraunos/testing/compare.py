"""Comparing what an engine gave with what NumPy gives, and gradients with differences."""

import contextlib
import warnings

import numpy as np
import pytest

from keraunos.backend import dispatch, standardize_dtype
from keraunos.util import tree


class OnEngine:
    """What all parts of the suite have: the engine, which is the default while a test runs."""

    engine_name = None

    @pytest.fixture(autouse=True)
    def default_engine(self):
        """The engine under test is the default one; overflow and the like are no warnings here."""
        if self.engine_name is None:
            raise ValueError(f"{type(self).__name__}.engine_name must be the name of an engine, but is None.")
        with dispatch.use(self.engine_name), quiet():
            yield

    @property
    def engine(self):
        """The engine under test."""
        return dispatch.get_engine(self.engine_name)

    def arrays(self, values):
        """NumPy arrays as arrays of the engine."""
        return [self.engine.asarray(v) for v in values]

    def training_engine(self):
        """The engine, if it takes gradients; else the test is skipped."""
        if not self.engine.trains:
            pytest.skip(f"{self.engine_name} takes no gradients (trains is False)")
        return self.engine

    def same(self, got, want, rtol=1e-5, atol=1e-6):
        """Nested results of the engine against nested NumPy arrays: shapes, and numbers within the tolerance."""
        got, want = tree.flatten(got), tree.flatten(want)
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            found = double(self.engine.to_numpy(g) if self.engine.is_array(g) else g)
            assert found.shape == np.shape(w)
            np.testing.assert_allclose(found, double(w), rtol=rtol, atol=atol)


@contextlib.contextmanager
def quiet():
    """NumPy says nothing of overflow, division by zero and empty means."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def double(x):
    """A NumPy array of a dtype that comparisons understand."""
    x = np.asarray(x)
    return x if x.dtype.kind in "biuc" else x.astype(np.float64)


def dtype_of(x):
    """The standard name of an array's dtype."""
    return standardize_dtype(x.dtype)


def difference(fn, values, i, h=1e-6):
    """The gradient of the number ``fn(values)`` with respect to ``values[i]``, by central differences in float64."""
    found = np.zeros(values[i].shape)
    for place in np.ndindex(*values[i].shape):
        moved = []
        for sign in (1, -1):
            changed = [v.copy() for v in values]
            changed[i][place] += sign * h
            moved.append(float(fn(changed)))
        found[place] = (moved[0] - moved[1]) / (2 * h)
    return found
