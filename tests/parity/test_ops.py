"""``keras.ops`` against real Keras: values of every row of tests/records, and result dtypes over the matrix of dtypes."""

import itertools
import warnings

import jax
import numpy as np
import pytest

import tests.records as records
from keraunos import ops

keras = pytest.importorskip("keras")
ROWS = [r for r in records.load() if r.keras]


def results(module, row, values):
    """Leaves of what ``module``'s function returns."""
    args, kwargs = row.filled(values)
    with warnings.catch_warnings():
        if module is keras.ops:
            warnings.simplefilter("ignore")  # its own casts overflow
        return records.flat(records.find(module, row.name)(*args, **kwargs))


@pytest.mark.parametrize("row", [pytest.param(r, id=str(r)) for r in ROWS])
def test_values(row):
    values = [keras.ops.convert_to_tensor(v) for v in row.numpy_values()]
    got, want = results(ops, row, values), results(keras.ops, row, values)
    if row.reduce is not None:
        got, want = records.flat(row.reduce(*got)), records.flat(row.reduce(*want))
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        assert getattr(g, "dtype", type(g)) == getattr(w, "dtype", type(w))
        g, w = (np.asarray(x, np.float64) if np.asarray(x).dtype.kind not in "biuc" else np.asarray(x) for x in (g, w))
        np.testing.assert_allclose(g, w, rtol=row.tol, atol=row.tol)


@pytest.mark.parametrize("row", [pytest.param(r, id=str(r)) for r in ROWS if r.dtypes])
def test_dtypes(row):
    """For one array each dtype of the group, for more each pair (further arrays take the second's)."""
    group = records.GROUPS[row.dtypes]
    wrong = []
    for pair in itertools.product(group, repeat=min(len(row.arrays), 2)):
        dtypes = [pair[min(i, len(pair) - 1)] for i in range(len(row.arrays))]
        values = [jax.numpy.asarray(v) for v in row.numpy_values(dtypes=dtypes)]
        found = [outcome(module, row, values) for module in (ops, keras.ops)]
        if found[0] != found[1]:
            wrong.append(f"{pair}: {found[0]}, Keras {found[1]}")
    assert not wrong, "\n".join(wrong)


def outcome(module, row, values):
    """Names of the result dtypes (by tracing alone where that is possible)."""

    def run(values):
        return results(module, row, values)

    found = jax.eval_shape(run, values) if row.jit else run(values)
    return [str(x.dtype) for x in found]
