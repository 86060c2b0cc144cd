"""What is PyTorch's own: the tape, dtypes without kernels, memory, indices read backwards."""

import ml_dtypes
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from keraunos import ops, random  # noqa: E402
from keraunos.backend import get_engine, use  # noqa: E402

ENGINE = get_engine("torch")


@pytest.fixture(autouse=True)
def on_torch():
    with use("torch"):
        yield


def grad(fn):
    return lambda x: ENGINE.value_and_grad(lambda v: (fn(v[0]), ()))([x])[1][0]


def test_the_tensors_of_a_gradient_are_leaves_of_their_own():
    x, unused = torch.tensor([1.0, 2.0]), torch.ones(3)
    (value, aux), (first, second) = ENGINE.value_and_grad(lambda v: ((v[0] ** 3).sum(), {"y": v[0] * 2}))([x, unused])
    assert float(value) == 9 and first.tolist() == [3, 12] and second.tolist() == [0, 0, 0]
    assert not any(t.requires_grad for t in (value, aux["y"], first, second, x))
    assert value.grad_fn is None and aux["y"].grad_fn is None


def test_gradients_are_taken_without_a_tape_around():
    with torch.no_grad():
        assert float(grad(lambda x: x * x)(torch.tensor(3.0))) == 6
        assert not torch.is_grad_enabled()


def test_a_value_that_depends_on_nothing_has_gradient_zero():
    assert grad(lambda x: torch.ones(()))(torch.ones(2)).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("fn", "derivatives"),
    [
        (lambda x: x**4, (32.0, 48.0, 48.0)),
        (lambda x: ops.exp(2 * x), (2 * np.exp(4), 4 * np.exp(4), 8 * np.exp(4))),
        (ops.leaky_relu, (1.0, 0.0, 0.0)),
    ],
)
def test_gradients_of_gradients(fn, derivatives):
    for want in derivatives:
        fn = grad(fn)
        np.testing.assert_allclose(float(fn(torch.tensor(2.0))), want, rtol=1e-5)


def test_a_gradient_penalty_reaches_what_the_inner_function_closes_over():
    def outer(w):
        inner = ENGINE.value_and_grad(lambda v: ((w[0] * v[0] ** 2).sum(), ()))
        return (inner([torch.tensor([3.0])])[1][0] ** 2).sum(), ()

    assert float(ENGINE.value_and_grad(outer)([torch.tensor(2.0)])[1][0]) == 2 * 36 * 2  # (6w)² at w = 2


def test_attention_is_differentiated_twice():
    q = torch.randn(1, 3, 2, 4, generator=torch.Generator().manual_seed(0))
    once = grad(lambda x: ops.sum(ops.dot_product_attention(x, x, x) ** 2))
    twice = grad(lambda x: ops.sum(once(x) ** 2))(q)
    h = 1e-2 * torch.ones_like(q)
    numeric = (ops.sum(once(q + h) ** 2) - ops.sum(once(q - h) ** 2)) / 2e-2
    np.testing.assert_allclose(float(twice.sum()), float(numeric), rtol=1e-2)


def test_a_users_own_tape_works():
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    ops.sum(ops.relu(w) * 3).backward()
    assert w.grad.tolist() == [3, 0]


def test_inference_writes_no_tape():
    y = ops.softmax(ops.matmul(torch.ones(2, 3), np.ones((3, 2), np.float32)) + random.normal((2, 2), seed=1))
    assert not y.requires_grad


def test_arrays_are_copied_in_and_read_only_out():
    given = np.ones(3, np.float32)
    x = ops.convert_to_tensor(given)
    given[:] = 7
    assert x.tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        ops.convert_to_numpy(x)[:] = 2
    assert ops.convert_to_tensor(given[::-1]).tolist() == [7, 7, 7]


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float16", "uint32", "complex64", "bool"])
def test_dtypes_come_back_from_numpy(name):
    kind = getattr(ml_dtypes, name, None) or name
    given = np.array([0, 1, 2], np.float32).astype(kind)
    x = ops.convert_to_tensor(given)
    assert str(x.dtype) == f"torch.{name}" and ops.convert_to_numpy(x).dtype == given.dtype
    np.testing.assert_array_equal(ops.convert_to_numpy(x).astype(np.complex64), given.astype(np.complex64))


UNSIGNED = [
    (lambda a, b: ops.subtract(a, b), lambda a, b: a - b),
    (lambda a, b: ops.maximum(a, b), np.maximum),
    (lambda a, b: ops.less(a, b), np.less),
    (lambda a, b: ops.floor_divide(a, b), np.floor_divide),
    (lambda a, b: ops.sort(a), lambda a, b: np.sort(a)),
    (lambda a, b: ops.matmul(a, b), np.matmul),
]


@pytest.mark.parametrize("name", ["uint16", "uint32", "uint64"])
@pytest.mark.parametrize(("fn", "want"), UNSIGNED)
def test_integers_without_kernels_are_computed_in_wider_ones(fn, want, name):
    a, b = np.array([3, 1, 2], name), np.array([5, 1, 2], name)
    got = ops.convert_to_numpy(fn(a, b))
    np.testing.assert_array_equal(got, want(a, b))
    assert got.dtype == want(a, b).dtype


def test_what_no_wider_integer_holds_is_an_error():
    with pytest.raises(OverflowError, match="below 2\\^63"):
        ops.less(np.array([2**63], np.uint64), np.array([1], np.uint64))


def test_division_of_an_integer_by_zero_is_an_error():
    with pytest.raises(ZeroDivisionError, match="floor_divide"):
        ops.floor_divide([1, 2], 0)


@pytest.mark.parametrize(
    "key",
    [
        slice(None, None, -1),
        (slice(3, None, -2), 1),
        (Ellipsis, slice(None, None, -1)),
        (None, slice(1, 3), slice(-2, None, -1)),
        (slice(0, 2, -1),),
        np.array([0, 3], np.uint8),
        (np.array([True, False, True, True, False]), slice(None, None, -1)),
    ],
    ids=str,
)
def test_slices_with_negative_steps(key):
    x = np.arange(20).reshape(5, 4)
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.get_item(x, key)), x[key])


@pytest.mark.parametrize("mode", "edge linear_ramp maximum mean median minimum reflect symmetric wrap constant".split())
def test_borders(mode):
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    got = ops.convert_to_numpy(ops.pad(x, ((2, 1), (0, 3)), mode=mode))
    np.testing.assert_allclose(got, np.pad(x, ((2, 1), (0, 3)), mode=mode), rtol=1e-5)


def test_dropout_is_the_same_for_a_key_and_differs_between_keys():
    x = torch.ones(1000)
    masks = [random.dropout(x, 0.5, seed=s) for s in (1, 1, 2)]
    assert (masks[0] == masks[1]).all() and (masks[0] != masks[2]).any()
    keys = [np.array([7, n], np.uint32) for n in range(3)] + [np.array([8, 0], np.uint32)]
    drawn = {tuple(ENGINE.random.dropout(k, x, 0.5, (1000,)).tolist()) for k in keys}
    assert len(drawn) == 4
    np.testing.assert_allclose(float(masks[0].mean()), 1, atol=0.1)


def test_kept_scalars_tell_zeros_and_types_apart():
    x = torch.tensor([1.0, -1.0])
    assert [float(v) for v in ops.divide(x, 0.0)] == [np.inf, -np.inf]
    assert [float(v) for v in ops.divide(x, -0.0)] == [-np.inf, np.inf]
    assert ops.add(torch.tensor([1], dtype=torch.int32), True).dtype is torch.int32
    assert ops.power(torch.tensor([3], dtype=torch.int32), 2).tolist() == [9]


def test_kernels_leave_to_the_body_what_they_do_not_cover():
    x = torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(0))
    whole = ops.softmax(x, axis=(0, 2))
    np.testing.assert_allclose(ops.sum(whole, axis=(0, 2)).tolist(), [1] * 5, rtol=1e-5)
    y = ops.layer_normalization(x, axis=0)
    np.testing.assert_allclose(ops.mean(y, axis=0).tolist(), np.zeros((5, 6)), atol=1e-6)


def test_a_row_that_may_see_nothing_is_no_nan():
    q = torch.randn(1, 2, 1, 4)
    out = ops.dot_product_attention(q, q, q, mask=np.zeros((1, 1, 2, 2), bool))
    assert bool(torch.isfinite(out).all())


def test_an_unknown_device_is_an_error():
    with pytest.raises(ValueError, match="PyTorch has no device 'gpu:99'"), ENGINE.device_scope("gpu:99"):
        pass
    assert ENGINE.device_of(torch.ones(1)) == "cpu:0"


def test_arrays_of_two_engines_in_one_call_are_an_error():
    with pytest.raises(TypeError, match="two engines in one call: (torch and jax|jax and torch)"):
        ops.add(torch.ones(1), get_engine("jax").asarray(np.ones(1, np.float32)))


def test_vectorize_with_core_dimensions():
    x = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    found = ops.vectorize(lambda a, b: (a * b).sum(), signature="(n),(n)->()")(x, np.ones(3, np.float32))
    np.testing.assert_allclose(ops.convert_to_numpy(found), x.sum(-1))


def test_group_normalization_of_data_without_gradient():
    x, w = torch.randn(2, 4, 4, 3, generator=torch.Generator().manual_seed(0)), torch.ones(3)

    def total(w):
        return ops.sum(ops.group_normalization(x, w, None, groups=3) ** 2)

    np.testing.assert_allclose(float(grad(total)(w).sum()), 2 * float(total(w)), rtol=1e-4)  # it is quadratic in w
