"""A wrong argument is an error that names the function and the argument, on each engine."""

import importlib.util
import inspect
import re

import numpy as np
import pytest

from keraunos import ops
from keraunos.backend import use
from tests.ops.wrong_arguments import CUBE, ROWS, X
from tests.records import find

ENGINES = ["jax", "numpy", *(["torch"] if importlib.util.find_spec("torch") else [])]
on_each_engine = pytest.mark.parametrize("engine", ENGINES)
ERRORS = (ValueError, TypeError, IndexError, OverflowError)


def cases():
    """One case for each function of each row."""
    return [
        pytest.param(name, args, kwargs, argument, id=f"{name}-{argument}-{k}")
        for k, (names, args, kwargs, argument) in enumerate(ROWS)
        for name in names.split()
    ]


@pytest.mark.parametrize(("name", "args", "kwargs", "argument"), cases())
@on_each_engine
def test_names_function_and_argument(name, args, kwargs, argument, engine):
    message = re.escape(name.rpartition(".")[2]) + ": .*" + re.escape(argument)
    with use(engine), pytest.raises(ERRORS, match=re.compile(message, re.DOTALL)):
        find(ops, name)(*args, **kwargs)


CHOICES = set(
    "axis axes axis1 axis2 shape newshape mode method padding indexing interpolation fill_mode data_format reduction side window "
    "strategy pattern subscripts pad_width repeats indices indices_or_sections key num_segments num_classes".split()
)


@pytest.mark.parametrize("module", [ops, ops.image, ops.linalg], ids=["ops", "image", "linalg"])
def test_no_function_is_missing(module):
    """Each function with such an argument has a row."""
    prefix = "image." if module is ops.image else ""
    # transpose, concatenate and norm by the standard's names: the errors name these.
    known = {"permute_dims", "concat", "vector_norm", *(name for names, *_ in ROWS for name in names.split())}
    public = {n: getattr(module, n) for n in dir(module) if inspect.isfunction(getattr(module, n)) and n[0] != "_"}
    missing = [
        n
        for n, fn in public.items()
        if CHOICES & set(inspect.signature(fn).parameters) and prefix + fn.__name__ not in known
    ]
    assert not missing


MESSAGES = [
    (lambda: ops.sum(X, axis=2), r"sum: axis must be in \[-2, 1\] for an array of shape \(2, 3\), got 2"),
    (lambda: ops.mean(X, axis=(0, -2)), "mean: axis names an axis twice"),
    (lambda: ops.max(np.ones((0, 3)), axis=0), "max: x has no element along axis 0"),
    (lambda: ops.argmax(X, axis=5), "argmax: axis"),
    (lambda: ops.sum(X, axis="rows"), "sum: axis must be an int, got 'rows'"),
    (lambda: ops.reshape(X, (4, -1)), r"reshape: newshape \(4, -1\).*\(2, 3\)"),
    (lambda: ops.transpose(X, axes=(0,)), "transpose: axes must name all 2 axes"),
    (lambda: ops.squeeze(X, axis=0), "squeeze: axis 0 must have size 1"),
    (lambda: ops.expand_dims(X, 4), "expand_dims: axis must be in"),
    (lambda: ops.broadcast_to(X, (3, 3)), "broadcast_to: an array of shape"),
    (
        lambda: ops.concatenate([X, CUBE]),
        r"concatenate: the shapes of xs must be equal except on axis 0, got \(2, 3\), \(2, 3, 4\)",
    ),
    (lambda: ops.concatenate([]), "concatenate: xs must hold at least one array"),
    (lambda: ops.concatenate(3), "concatenate: xs must be a list or tuple"),
    (lambda: ops.stack([X, X.T]), "stack: the arrays in x must have one shape"),
    (lambda: ops.split(X, 2, axis=1), "split: indices_or_sections must divide the size of axis 1, got 2 sections of 3"),
    (lambda: ops.pad(X, ((1, 1), (1, 1), (1, 1))), "pad: pad_width"),
    (lambda: ops.pad(X, 1, mode="zero"), "pad: mode must be one of 'constant'"),
    (lambda: ops.matmul(X, X), r"matmul: the dimensions of x1 and x2.*\(2, 3\) and \(2, 3\)"),
    (lambda: ops.matmul(X, 2.0), "matmul: x1 and x2 must have at least 1 dimension"),
    (lambda: ops.tensordot(X, X, axes=1), "tensordot: the dimensions"),
    (
        lambda: ops.einsum("ij,jk->ik", X, X),
        r"einsum: subscripts 'ij,jk->ik' don't fit operands of shapes \(2, 3\), \(2, 3\)",
    ),
    (lambda: ops.take(X, np.ones(2), axis=0), "take: indices must be integers"),
    (lambda: ops.where(X > 0, X), "where: x1 and x2 must be given both or none"),
    (lambda: ops.get_item(X, (0, 3)), "get_item: index 3 is out of bounds for axis 1"),
    (lambda: ops.top_k(X, 4), "top_k: k must be in"),
    (lambda: ops.zeros((2, None)), "zeros: shape must be ints"),
    (lambda: ops.inv(X), r"inv: x must be square matrices \(..., n, n\), got shape \(2, 3\)"),
    (lambda: ops.solve(np.eye(3), X), "solve: b must be"),
    (lambda: ops.norm(X, ord="max", axis=(0, 1)), "norm: ord must be one of 'fro'"),
    (lambda: ops.fft((X, X[:1])), "fft: the real and the imaginary part must have one shape"),
    (lambda: ops.rearrange(X, "a b c -> c b a"), "rearrange: pattern"),
    (lambda: ops.subtract(True, np.array([False])), "subtract: x1 and x2 are booleans"),
    (lambda: ops.add(np.ones(2, np.uint8), -1), "add: x2 must be in the range of uint8"),
    (lambda: ops.add(object(), 1), "add: x1 must be an array"),
    (lambda: ops.quantile(X, 0.5, method="best"), "quantile: method must be one of"),
    (lambda: ops.histogram(X, bins=0), "histogram: bins must be a positive int"),
]


@pytest.mark.parametrize(
    ("call", "message"), MESSAGES, ids=[m.split(":")[0] + str(i) for i, (_, m) in enumerate(MESSAGES)]
)
@on_each_engine
def test_message(call, message, engine):
    with use(engine), pytest.raises(ERRORS, match=message):
        call()


def test_an_engine_error_of_its_own_type_stays():
    """What JAX says of traced values is not about a wrong argument."""
    import jax

    with pytest.raises(jax.errors.ConcretizationTypeError):
        jax.jit(ops.nonzero)(X)
