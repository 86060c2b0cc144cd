"""What a record can't say of the ops for networks: errors, control flow, gradients of their own, invariants."""

import importlib.util

import jax
import numpy as np
import pytest

from keraunos import ops
from keraunos.backend import use
from keraunos.ops.symbolic import KerasTensor

IMAGE = np.ones((2, 6, 6, 4), np.float32)
KERNEL = np.ones((3, 3, 4, 8), np.float32)
LINE = np.ones((2, 7, 4), np.float32)
HEADS = np.ones((2, 5, 4, 3), np.float32)

# (call, what the message says, besides the name of the function)
ERRORS = [
    (lambda: ops.conv(IMAGE, KERNEL, padding="sam"), "Did you mean 'same'"),
    (lambda: ops.conv(IMAGE, KERNEL, padding="causal"), "padding must be one of"),
    (lambda: ops.conv(IMAGE, np.ones((3, 3, 3, 8))), "multiple of the kernel's 3"),
    (lambda: ops.conv(IMAGE, np.ones((3, 3, 2, 5))), "2 groups .* must divide the 5 filters"),
    (lambda: ops.conv(IMAGE[0, 0], KERNEL), "rank 3, 4 or 5"),
    (lambda: ops.conv(IMAGE, KERNEL[0]), "kernel must have the rank of inputs"),
    (lambda: ops.conv(IMAGE, KERNEL, strides=0), "strides must be a positive int"),
    (lambda: ops.conv(IMAGE, KERNEL, strides=(1, 2, 3)), "or 2 of them"),
    (lambda: ops.conv(IMAGE, KERNEL, strides=2, dilation_rate=2), "can't both be greater than 1"),
    (lambda: ops.conv(IMAGE, KERNEL, data_format="NHWC"), "data_format must be one of"),
    (lambda: ops.conv(IMAGE, np.ones((7, 7, 4, 1))), "does not fit"),
    (lambda: ops.depthwise_conv(IMAGE, np.ones((3, 3, 2, 1))), "the inputs' 4 channels"),
    (
        lambda: ops.separable_conv(IMAGE, np.ones((3, 3, 4, 1)), np.ones((1, 1, 3, 1))),
        r"pointwise_kernel must have shape \(1, 1, 4\)",
    ),
    (lambda: ops.conv_transpose(IMAGE, KERNEL), "last dimension must be the inputs' 4 channels"),
    (lambda: ops.conv_transpose(IMAGE, np.ones((3, 3, 8, 4)), strides=2, output_padding=2), "less than strides"),
    (lambda: ops.max_pool(IMAGE, 7), "does not fit"),
    (lambda: ops.max_pool(IMAGE[0, 0], 2), "rank 3, 4 or 5"),
    (lambda: ops.average_pool(IMAGE, 2, padding="full"), "padding must be one of"),
    (lambda: ops.adaptive_max_pool(IMAGE, 0), "output_size must be a positive int"),
    (lambda: ops.moments(IMAGE, [4]), r"axes must be in \[-4, 3\]"),
    (lambda: ops.moments(IMAGE, [0], synchronized=True), "synchronized"),
    (lambda: ops.batch_normalization(LINE, np.ones(3), np.ones(4), -1), r"mean must have shape \(4,\)"),
    (lambda: ops.group_normalization(LINE, None, None, groups=3), "must divide the 4 channels"),
    (lambda: ops.layer_normalization(LINE, rms_scaling=True), "rms_normalization"),
    (lambda: ops.normalize(LINE, order=0), "order must be an int >= 1"),
    (lambda: ops.glu(LINE, axis=1), "even size"),
    (lambda: ops.binary_crossentropy(LINE, LINE[0]), "same shape"),
    (lambda: ops.categorical_crossentropy(LINE, LINE[0]), "same shape"),
    (lambda: ops.sparse_categorical_crossentropy([0, 1, 2], LINE[:, 0]), "shape of output without its axis"),
    (lambda: ops.ctc_loss([[1], [1]], LINE, [1], [7, 7]), "target_length must have shape"),
    (lambda: ops.ctc_decode(LINE, [7, 7], "best"), "strategy must be"),
    (lambda: ops.multi_hot([1, 2]), "num_classes must be given"),
    (lambda: ops.one_hot([1, 2], 3, sparse=True), "sparse=True is not supported"),
    (lambda: ops.dot_product_attention(LINE, LINE, LINE), "rank 4"),
    (lambda: ops.dot_product_attention(HEADS, HEADS[:, :, :3], HEADS[:, :, :3]), "must divide"),
    (lambda: ops.dense(LINE, np.ones((3, 2))), "kernel must have shape"),
    (lambda: ops.unfold(IMAGE, 9), "does not fit"),
    (lambda: ops.fold(LINE, (4, 4), 2), "fold: x must have shape"),
    (lambda: ops.space_to_depth(IMAGE, 4), "must divide height and width"),
    (lambda: ops.depth_to_space(IMAGE, 3), "multiple of block_size"),
    (lambda: ops.psnr(LINE, LINE[0], 1), "same shape"),
    (lambda: ops.scatter_update([1, 2], [[0]], [1], reduction="mean"), "reduction must be one of"),
    (lambda: ops.scatter([[0, 1]], [1.0], (3,)), "last dimension of indices"),
    (lambda: ops.slice([1, 2, 3], [0], [4]), "does not fit"),
    (lambda: ops.slice([1, 2, 3], [0, 1], [1]), "one entry for each"),
    (lambda: ops.unstack(LINE, num=3, axis=1), "num must be the size of axis 1, 7"),
    (lambda: ops.segment_sum(LINE, [0], 1), "an id for each row"),
    (lambda: ops.convert_to_tensor(None), "must be numbers or arrays"),
    (lambda: ops.convert_to_tensor("a"), "must be numbers or arrays"),
    (lambda: ops.view_as_complex(LINE), "last dimension of x must be 2"),
    (lambda: ops.saturate_cast(1j, "float32"), "must be real"),
    (lambda: ops.cond(np.array([True]), lambda: 1, lambda: 2), "must be a scalar"),
    (lambda: ops.cond(True, 1, lambda: 2), "true_fn must be callable"),
    (lambda: ops.switch(0, []), "non-empty"),
    (lambda: ops.scan(lambda c, x: (c, x), 0), "xs or length"),
    (lambda: ops.scan(lambda c, x: (c, x), 0, np.ones(3), length=2), "xs has 3 rows"),
    (lambda: ops.map(lambda x: x, [np.ones(3), np.ones(2)]), "same first dimension"),
    (lambda: ops.associative_scan(lambda a, b: a, np.ones(3), axis=1), "axis 1 is out of range"),
    (lambda: ops.while_loop(lambda i, j: i < 3, lambda i, j: i + 1, (0, 1)), "body must return 2 values"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


ENGINES = ("jax", "numpy", *(("torch",) if importlib.util.find_spec("torch") else ()))


@pytest.fixture(params=ENGINES)
def on(request):
    with use(request.param):
        yield request.param


def test_control_flow(on):
    x = ops.convert_to_tensor(np.arange(6, dtype=np.float32).reshape(3, 2))
    carry, seen = ops.scan(lambda c, row: ({"s": c["s"] + row}, [c["s"], row]), {"s": np.zeros(2, np.float32)}, x)
    np.testing.assert_allclose(carry["s"], [6, 9])
    np.testing.assert_allclose(seen[0], [[0, 0], [0, 1], [2, 4]])
    _, backwards = ops.scan(lambda c, row: (c + row, c), np.zeros(2, np.float32), x, reverse=True)
    np.testing.assert_allclose(backwards, [[6, 8], [4, 5], [0, 0]])
    carry, nothing = ops.scan(lambda c, _: (c * 2, None), 1, length=5)
    assert int(carry) == 32 and nothing is None
    assert int(ops.while_loop(lambda i: i < 10, lambda i: i + 3, 0)) == 12
    assert int(ops.while_loop(lambda i: i < 10, lambda i: (i + 1,), (0,), maximum_iterations=4)[0]) == 4
    assert float(ops.fori_loop(2, 5, lambda i, v: v * i, 1.0)) == 24
    assert [int(ops.switch(i, [lambda a: a, lambda a: 2 * a, lambda a: 3 * a], 5)) for i in (-1, 1, 2, 9)] == [
        5,
        10,
        15,
        15,
    ]
    assert ops.cond(True, lambda: None, lambda: None) is None
    got = ops.map(lambda row: {"a": row["x"] * 2, "b": ops.sum(row["x"])}, {"x": x})
    np.testing.assert_allclose(got["b"], [1, 5, 9])
    np.testing.assert_allclose(ops.vectorized_map(lambda r: r[0] @ r[1], (x, x)), [1, 13, 41])


@pytest.mark.parametrize("n", range(1, 10))
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scan_is_a_cumulative_sum(on, n, reverse):
    x = np.arange(2.0 * n, dtype=np.float32).reshape(2, n) ** 2
    want = np.flip(np.flip(x, 1).cumsum(1), 1) if reverse else x.cumsum(1)
    np.testing.assert_allclose(ops.associative_scan(lambda a, b: a + b, x, reverse=reverse, axis=1), want)
    a, b = ops.associative_scan(
        lambda f, g: [f[0] * g[0], f[1] * g[0] + g[1]], [x[1] / 9, x[0]]
    )  # v -> a v + b composed
    v, steps = 0.0, []
    for k, c in zip(x[1] / 9, x[0], strict=True):
        v = v * k + c
        steps.append(v)
    np.testing.assert_allclose(b, steps, rtol=1e-5)


def test_branches_under_jit(engine):
    which = engine.compile(
        lambda i: ops.switch(i, [lambda v: v, lambda v: 2 * v, lambda v: 3 * v, lambda v: 4 * v], 5.0)
    )
    for _ in range(3):  # as it is, recorded or traced, repeated
        assert [float(which(engine.asarray(i, "int32"))) for i in (-3, 0, 1, 2, 3, 8)] == [5, 5, 10, 15, 20, 20]
    assert float(engine.compile(lambda p: ops.cond(p, lambda: 1.0, lambda: 2.0))(engine.asarray(False))) == 2


def test_gradient_of_a_scan(engine):
    assert slope(engine, lambda x: ops.scan(lambda c, _: (c * x, None), 1.0, length=3)[0], 2.0) == 12


def slope(engine, fn, x):
    """The derivative of a function of one number; NumPy takes none."""
    if not engine.trains:
        pytest.skip("the engine takes no gradients")
    return float(engine.value_and_grad(lambda v: (fn(v[0]), ()))([engine.asarray(x, "float32")])[1][0])


def test_control_flow_is_recorded():
    x = KerasTensor((None, 3))
    assert ops.while_loop(lambda i, t: i < 4, lambda i, t: (i + 1, t * 2), (0, x))[1].shape == (None, 3)
    carry, ys = ops.scan(lambda c, v: (c + v, c * v), KerasTensor((3,)), KerasTensor((10, 3)))
    assert (carry.shape, ys.shape) == ((3,), (10, 3))
    operation = ys.node.operation
    got = operation(*ys.node.fill(lambda t: np.ones(t.shape, np.float32))[0])
    np.testing.assert_allclose(ops.convert_to_numpy(got[1])[:, 0], range(1, 11))


@ops.custom_gradient
def clipped_exp(x):
    e = ops.exp(x)

    def grad(*args, upstream=None):
        (upstream,) = args if upstream is None else (upstream,)
        return upstream * ops.minimum(e, 2.0)

    return e, grad


def test_custom_gradient(engine):
    assert slope(engine, clipped_exp, 3.0) == 2
    assert slope(engine, lambda x: ops.stop_gradient(x) * x, 3.0) == 3
    with use("numpy"):
        assert float(clipped_exp(0.0)) == 1


def test_derivative_of_a_custom_gradient(engine):
    def inner(x):
        return engine.value_and_grad(lambda v: (clipped_exp(v[0]), ()))([x])[1][0]

    assert slope(engine, inner, 3.0) == 0  # of the constant 2
    np.testing.assert_allclose(slope(engine, inner, 0.5), np.exp(0.5), rtol=1e-6)


def test_custom_gradient_is_compiled():
    with use("jax"):
        assert float(jax.jit(jax.grad(clipped_exp))(0.0)) == 1


def test_arrays_in_a_list_under_jit(engine):
    program = engine.compile(lambda a: ops.convert_to_tensor([[a, 1], [2.0, a]]))
    np.testing.assert_allclose(program(engine.asarray(5.0, "float32")), [[5, 1], [2, 5]])


def test_first_of_equal_maxima_gets_the_gradient(engine):
    x = np.ones((1, 4, 4, 1), np.float32)
    for size, strides in ((2, 2), (3, 1), (4, 4)) if engine.trains else ():
        pool = engine.value_and_grad(lambda v, s=size, t=strides: (ops.max_pool(v[0], s, t).sum(), ()))
        g = pool([engine.asarray(x)])[1][0]
        assert g[0, 0, 0, 0] == 1 and g.sum() == ((4 - size) // strides + 1) ** 2
    x[0, 1, 1, 0] = np.nan
    assert np.isnan(float(ops.max_pool(x, 2)[0, 0, 0, 0]))


def test_a_label_out_of_range_is_not_silent():
    loss = ops.sparse_categorical_crossentropy([0, 3, -1], np.zeros((3, 3), np.float32), from_logits=True)
    assert np.isnan(np.asarray(loss)).tolist() == [False, True, True]


def test_sparsemax_sums_to_one(on):
    x = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(ops.sparsemax(x)).sum(-1), 1, rtol=1e-6)


def test_softmax_over_one_class_warns():
    with pytest.warns(UserWarning, match="every output is 1"):
        ops.softmax(np.ones((2, 1), np.float32))


def test_conv_transpose_is_the_adjoint_of_conv():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 10, 8, 3)), rng.normal(size=(3, 2, 3, 5))
    y = np.asarray(ops.conv(x, w, 2, "same"))
    g = rng.normal(size=y.shape)
    back = np.asarray(ops.conv_transpose(g, w, 2, "same"))
    np.testing.assert_allclose((y * g).sum(), (x * back).sum(), rtol=1e-5)


def test_unfold_and_fold_are_adjoint():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 2, 6, 5)).astype(np.float32)
    settings = {"kernel_size": (2, 3), "dilation": 2, "padding": 1, "stride": 2}
    u = np.asarray(ops.unfold(x, **settings))
    g = rng.normal(size=u.shape).astype(np.float32)
    back = np.asarray(ops.fold(g, (6, 5), **settings))
    np.testing.assert_allclose((u * g).sum(), (x * back).sum(), rtol=1e-5)


def all_alignments(target, frames, blank=0):
    """The probability of a target, summed over every path."""
    p, found = np.exp(np.asarray(ops.log_softmax(frames), np.float64)), 0.0
    for path in np.ndindex(*(p.shape[1],) * p.shape[0]):
        merged = [c for i, c in enumerate(path) if (i == 0 or path[i - 1] != c) and c != blank]
        found += np.prod(p[np.arange(len(path)), path]) if merged == target else 0
    return found


def test_ctc_adds_up_all_alignments(on):
    frames = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    for target in ([1], [1, 2], [2, 2], [1, 2, 1], []):
        padded = target + [0] * (3 - len(target))
        loss = ops.ctc_loss([padded], frames[None], [len(target)], [5])
        np.testing.assert_allclose(np.exp(-np.asarray(loss))[0], all_alignments(target, frames), rtol=1e-4)
    sequences, scores = ops.ctc_decode(frames[None], [5], "beam_search", beam_width=50, top_paths=6)
    for sequence, score in zip(np.asarray(sequences)[:, 0], np.asarray(scores)[0], strict=True):
        np.testing.assert_allclose(
            np.exp(score), all_alignments([c for c in sequence.tolist() if c >= 0], frames), rtol=1e-4
        )


def test_dtype_and_shape_of_anything(engine):
    assert ops.shape(KerasTensor((None, 3))) == (None, 3)
    assert ops.dtype(1) == "int32" and ops.dtype(np.ones(1, np.float16)) == "float16"
    assert [ops.is_tensor(v) for v in (ops.ones(2), KerasTensor((2,)), 1.0)] == [True, False, False]
    assert ops.is_tensor(np.ones(2)) == (engine.name == "numpy")
    with use("numpy"):
        assert ops.is_tensor(np.ones(2))
    with pytest.raises(TypeError, match="symbolic"):
        ops.convert_to_numpy(KerasTensor((2,)))
