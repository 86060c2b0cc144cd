"""What every layer must do, whatever it computes."""

import contextlib
import importlib.util

import jax
import numpy as np

import keraunos as keras
from keraunos.backend import standardize_dtype, use
from keraunos.util import tree
from tests.layers.cases import weights_for

ENGINES = ("jax", "numpy", *(("torch",) if importlib.util.find_spec("torch") else ()))


@contextlib.contextmanager
def in_a_hurry():
    """XLA takes no pains in the block: each program runs once."""
    jax.config.update("jax_disable_most_optimizations", True)
    try:
        yield
    finally:
        jax.config.update("jax_disable_most_optimizations", False)


def numbers(x):
    """Nested arrays as float64."""
    return [np.asarray(keras.ops.convert_to_numpy(v)).astype("float64") for v in tree.flatten(x)]


def assert_near(got, want, tol, what=""):
    got, want = numbers(got), numbers(want)
    assert len(got) == len(want), what
    for g, w in zip(got, want, strict=True):
        assert g.shape == w.shape, f"{what}: {g.shape}, {w.shape}"
        np.testing.assert_allclose(g, w, rtol=tol, atol=tol, err_msg=what)


def ready(case, **more):
    """The layer, built, with random weights."""
    layer = case.make(keras.layers, **more)
    layer(case.inputs(), **case.call_kwargs())
    layer.set_weights(weights_for(layer.weights))
    return layer


def check_shapes(case):
    """Inferred shapes and dtypes are the real ones, with and without a known batch."""
    layer = ready(case)
    x = case.inputs()
    y = layer(x, **case.call_kwargs())
    for batch in (None, np.shape(x[0] if isinstance(x, list) else x)[0]):
        symbolic = tree.map_structure(lambda v, b=batch: keras.KerasTensor((b, *v.shape[1:]), str(v.dtype)), x)
        for inferred, real in zip(tree.flatten(layer(symbolic)), tree.flatten(y), strict=True):
            assert inferred.dtype == standardize_dtype(real.dtype)
            assert inferred.shape[1:] == tuple(real.shape[1:]) and inferred.shape[0] in (None, real.shape[0])


def check_config(case):
    """A layer from the configuration has the same configuration, and with the same weights gives the same."""
    layer = ready(case)
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    x = case.inputs()
    twin(x, **case.call_kwargs())
    twin.set_weights(layer.get_weights())
    assert_near(twin(x, **case.call_kwargs()), layer(x, **case.call_kwargs()), 1e-7)
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    assert [v.shape for v in again.weights] == [v.shape for v in layer.weights]  # built as the first one was


def check_engines(case):
    """All engines give the same; what PyTorch drops in training differs."""
    found = {}
    for name in ENGINES:
        with use(name):
            for training in case.training if name != "torch" else (False,):
                keras.utils.set_random_seed(3)
                layer = ready(case)
                found.setdefault(training, []).append(numbers(layer(case.inputs(), **case.call_kwargs(training))))
    for training, (one, *others) in found.items():
        for other in others:
            assert_near(one, other, 1e-5, f"training={training}")


def check_half(case):
    """Under mixed_bfloat16 the output is in bfloat16, near that of float32."""
    if not case.dtype.startswith("float"):
        return
    layer, half = ready(case), ready(case, dtype="mixed_bfloat16")
    y = half(case.inputs(), **case.call_kwargs())
    assert all(standardize_dtype(v.dtype) == "bfloat16" for v in tree.flatten(y))
    assert all(v.dtype == "float32" for v in half.weights)
    assert_near(y, layer(case.inputs(), **case.call_kwargs()), case.half)


def check_rows(case):
    """Row-wise layers: the first rows of an inference are those of a smaller batch."""
    layer = ready(case)
    if not layer._row_wise:
        return
    x = case.inputs()
    few = tree.map_structure(lambda v: v[: len(v) // 2], x)
    kwargs = case.call_kwargs()
    all_rows = layer(x, **kwargs)
    if "mask" in kwargs:
        kwargs["mask"] = kwargs["mask"][: len(kwargs["mask"]) // 2]
    assert_near(layer(few, **kwargs), tree.map_structure(lambda v: v[: len(v) // 2], all_rows), 1e-6)


CHECKS = (check_shapes, check_config, check_engines, check_half, check_rows)


def check(case):
    """All of them, but those that the case skips."""
    with in_a_hurry():
        for one in CHECKS:
            if one.__name__ not in case.skip:
                keras.utils.clear_session(free_memory=False)
                one(case)
