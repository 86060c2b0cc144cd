"""Convolution on JAX: each form against XLA's own, and the rule that chooses the form."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from keraunos.backend.jax import conv_forms, conv_kernel, steps
from keraunos.backend.jax.conv import conv
from keraunos.backend.jax.conv_primitive import Geometry, part_of, shape_of, xla

PARTS = ("output", "inputs", "kernel")


def case(x, w, strides=1, padding=0, up=1, dilation=1, groups=1):
    """Shapes of inputs and kernel, and the geometry; ints stand for all dimensions."""
    rank = len(x) - 2
    strides, up, dilation = ((v,) * rank if isinstance(v, int) else v for v in (strides, up, dilation))
    padding = ((padding, padding),) * rank if isinstance(padding, int) else padding
    return x, w, Geometry(x[1:-1], w[:-2], strides, padding, up, dilation, groups)


CASES = {  # name -> (case, forms of output, inputs and kernel on the CPU)
    "3x3": (case((3, 8, 7, 4), (3, 3, 4, 6), padding=1), "xla xla columns"),
    "few images in a chunk": (case((5, 24, 20, 2), (3, 3, 2, 4), padding=1), "xla xla columns"),
    "rows in a chunk": (case((2, 50, 41, 2), (3, 3, 2, 4), padding=1), "xla xla columns"),
    "more columns than filters": (case((2, 5, 5, 2), (1, 3, 2, 9)), "xla even columns"),
    "odd channels": (case((2, 8, 7, 3), (3, 3, 3, 4), padding=1), "even xla columns"),
    "odd filters": (case((2, 8, 7, 4), (3, 2, 4, 5), padding=((1, 0), (0, 2))), "xla even columns"),
    "one channel": (case((2, 8, 7, 1), (5, 5, 1, 4)), "xla xla columns"),
    "strides": (case((2, 9, 8, 3), (3, 3, 3, 4), strides=(2, 3), padding=((0, 1), (1, 0))), "xla xla columns"),
    "dilation": (case((2, 9, 12, 2), (3, 2, 2, 4), padding=2, dilation=(2, 3)), "xla xla columns"),
    "1x1": (case((2, 4, 5, 3), (1, 1, 3, 5)), "product patches patches"),
    "1x1, strides": (case((2, 4, 5, 3), (1, 1, 3, 5), strides=2), "product product columns"),
    "1x1, padded": (case((2, 4, 5, 3), (1, 1, 3, 5), padding=1), "even even columns"),
    "patches": (case((2, 9, 8, 3), (4, 4, 3, 5), strides=4), "xla patches patches"),
    "patches of unlike sides": (case((2, 9, 8, 3), (4, 2, 3, 5), strides=(4, 2)), "xla patches patches"),
    "transposed": (case((2, 4, 5, 4), (4, 4, 4, 2), padding=2, up=2), "xla xla columns"),
    "transposed, unlike": (
        case((2, 4, 5, 4), (3, 2, 4, 2), padding=((2, 1), (0, 1)), up=(2, 3), dilation=(1, 2)),
        "xla xla columns",
    ),
    "transposed, cropped": (case((2, 4, 5, 4), (2, 2, 4, 2), padding=((-1, 1), (0, -2)), up=2), "xla xla columns"),
    "up and down": (case((2, 6, 5, 2), (3, 3, 2, 2), strides=2, padding=2, up=3), "xla xla columns"),
    "depthwise": (case((2, 8, 7, 6), (3, 3, 1, 6), padding=1, groups=6), "taps taps taps"),
    "depthwise, strides": (case((2, 8, 7, 6), (3, 2, 1, 6), strides=2, padding=1, groups=6), "taps taps taps"),
    "depthwise, many": (case((3, 8, 7, 4), (3, 3, 1, 12), padding=1, dilation=2, groups=4), "taps taps taps"),
    "groups": (case((2, 6, 5, 8), (3, 3, 4, 6), padding=1, groups=2), "blocks blocks blocks"),
    "groups of many channels": (case((1, 4, 5, 66), (3, 3, 33, 4), groups=2), "blocks blocks blocks"),
    "groups, some together": (case((1, 4, 5, 80), (3, 3, 8, 20), strides=2, groups=10), "blocks blocks blocks"),
    "one dimension": (case((3, 40, 4), (5, 4, 6), padding=2), "xla xla columns"),
    "one dimension, causal": (case((3, 40, 4), (3, 4, 6), padding=((8, 0),), dilation=4), "xla xla columns"),
    "one dimension, long": (case((2, 3000, 1), (7, 1, 4), strides=2), "xla xla columns"),
    "many taps": (case((2, 80, 2), (65, 2, 4)), "xla xla xla"),
    "three dimensions": (case((2, 6, 5, 4, 2), (3, 3, 2, 2, 4), padding=1), "folded folded folded"),
    "three dimensions, strides": (case((2, 6, 5, 7, 3), (3, 2, 3, 3, 5), strides=(2, 1, 3)), "folded folded folded"),
    "three dimensions, groups": (
        case((1, 3, 5, 4, 4), (2, 2, 2, 2, 6), dilation=2, groups=2, padding=1),
        "blocks blocks blocks",
    ),
    "three dimensions, transposed": (case((1, 3, 2, 4, 4), (3, 3, 3, 4, 2), padding=2, up=2), "folded folded folded"),
    "no images": (case((0, 8, 7, 4), (3, 3, 4, 6), padding=1), "xla xla columns"),
}
of_cases = pytest.mark.parametrize("name", CASES)


def arrays(name, dtype="float32"):
    """Random x, w and d."""
    (x, w, g), _ = CASES[name]
    rng = np.random.default_rng(0)
    return *(jnp.asarray(rng.normal(size=s), dtype) for s in (x, w, shape_of("output", x, w, g))), g


def ours(x, w, g):
    return conv(x, w, g.strides, g.padding, g.input_dilation, g.kernel_dilation, g.groups)


def with_gradients(form, g):
    """(output, gradients of inputs and kernel) from x, w, d."""

    def run(x, w, d):
        out, back = jax.vjp(lambda x, w: form(x, w, g), x, w)
        return out, *back(d)

    return run


def assert_equal(got, wanted, tolerance=1e-5):
    """Within a part of the largest number."""
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype
        a, b = (np.asarray(v, "float64") for v in (a, b))
        assert a.size == 0 or np.abs(a - b).max() <= tolerance * max(np.abs(b).max(), 1e-3)


@of_cases
def test_the_form_is_chosen_by_shape_on_the_cpu(name):
    (x, w, g), wanted = CASES[name]
    assert " ".join(conv_forms.form_of("cpu", part, g, x[-1], w[-1]) for part in PARTS) == wanted


@of_cases
@pytest.mark.parametrize("platform", ["cuda", "rocm", "tpu", "METAL"])
def test_elsewhere_it_is_always_that_of_xla(name, platform):
    (x, w, g), _ = CASES[name]
    assert {conv_forms.form_of(platform, part, g, x[-1], w[-1]) for part in PARTS} == {"xla"}


@of_cases
def test_values_and_gradients(name):
    *values, g = arrays(name)
    assert_equal(jax.jit(with_gradients(ours, g))(*values), jax.jit(with_gradients(xla, g))(*values))


@pytest.mark.parametrize("name", ["3x3", "groups"])
def test_one_after_the_other(name):
    """Outside of any program."""
    x, w, d, g = arrays(name)
    assert_equal(ours(x, w, g), xla(x, w, g))
    assert_equal(jax.grad(lambda w: (ours(x, w, g) * d).sum())(w), part_of(xla, "kernel", x, d, g))


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("rows in a chunk", "bfloat16"),
        ("odd channels", "float16"),
        ("patches", "bfloat16"),
        ("depthwise, many", "float16"),
        pytest.param("depthwise, many", "bfloat16", marks=pytest.mark.slow),
        pytest.param("groups", "bfloat16", marks=pytest.mark.slow),
        pytest.param("three dimensions", "float16", marks=pytest.mark.slow),
    ],
)
def test_half_precision_is_at_least_as_exact(name, dtype):
    x, w, d, g = arrays(name, dtype)
    exact = with_gradients(xla, g)(*(v.astype("float32") for v in (x, w, d)))
    rounded = [v.astype(dtype) for v in exact]
    assert_equal(jax.jit(with_gradients(ours, g))(x, w, d), rounded, tolerance=4 * float(jnp.finfo(dtype).eps))


@pytest.mark.parametrize(
    "name", ["3x3", "depthwise, many", "groups", "transposed, unlike", "three dimensions, strides"]
)
def test_gradients_of_gradients(name):
    x, w, d, g = arrays(name)

    def second(form):
        def size(x, w):
            inner = jax.grad(lambda x, w: jnp.sum(form(x, w, g) ** 3), argnums=(0, 1))(x, w)
            return sum(jnp.sum(v * v) for v in inner)

        return jax.jit(jax.grad(size, argnums=(0, 1)))(x, w)

    assert_equal(second(ours), second(xla), 2e-5)


@pytest.mark.parametrize("name", ["3x3", "odd channels", "patches", "depthwise", "groups", "three dimensions"])
def test_forward_mode(name):
    x, w, d, g = arrays(name)
    got, wanted = (jax.jvp(functools.partial(form, g=g), (x, w), (x + 1, w - 1)) for form in (ours, xla))
    assert_equal(got, wanted)


@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("3x3", (0, None)),
        ("3x3", (2, 1)),
        ("depthwise", (None, 0)),
        ("groups", (1, None)),
        *(pytest.param(n, (1, 0), marks=pytest.mark.slow) for n in ("1x1", "depthwise", "groups", "one dimension")),
    ],
)
def test_vmap(name, axes):
    x, w, d, g = arrays(name)
    many = [v if a is None else jnp.stack([v, v + 1, 2 * v], axis=a) for v, a in zip((x, w), axes, strict=True)]
    many.append(jnp.stack([d, -d, d + 2]))
    got, wanted = (jax.jit(jax.vmap(with_gradients(form, g), (*axes, 0)))(*many) for form in (ours, xla))
    assert_equal(got, wanted)


def test_vmap_over_no_images():
    x, w, _, g = arrays("no images")
    assert jax.vmap(lambda x: ours(x, w, g))(jnp.stack([x, x])).shape == (2, *shape_of("output", x.shape, w.shape, g))


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_integers_are_left_to_xla(dtype):
    x, w, _, g = arrays("3x3")
    x, w = (v > 0 for v in (x, w))
    if dtype != "bool":
        assert_equal(ours(x.astype(dtype), w.astype(dtype), g), xla(x.astype(dtype), w.astype(dtype), g))


def test_all_chunks_are_taken():
    """Sums over ones are exact and count every position once."""
    for count, height, width in [(1, 1, 1), (7, 30, 30), (3, 7, 1100), (2, 53, 64), (1025, 1, 1), (2, 2048, 1)]:
        x, _, g = case((count, height, width, 1), (1, 1, 1, 2))
        got = jax.jit(functools.partial(conv_kernel.by_columns, g=g))(jnp.ones(x), jnp.ones((*x[:-1], 2)))
        assert np.all(got == count * height * width)


def test_a_nan_stays_in_its_sample():
    x, w, _, g = arrays("groups")
    out = ours(x.at[0, 0, 0, 0].set(jnp.nan), w, g)
    assert jnp.isnan(out[0]).any() and not jnp.isnan(out[1]).any()


def test_programs_compiled_for_other_platforms_hold_plain_convolutions():
    """The form is chosen where a program is compiled, not where it is traced."""
    x, w, d, g = arrays("depthwise")
    text = {
        p: jax.export.export(jax.jit(with_gradients(ours, g)), platforms=[p])(x, w, d).mlir_module()
        for p in ("cpu", "cuda", "tpu")
    }
    assert [text[p].count("stablehlo.convolution") for p in ("cpu", "cuda", "tpu")] == [0, 3, 3]


def test_a_batch_of_unknown_size():
    x, w, _, g = arrays("3x3")
    shape = jax.export.symbolic_shape("n, 8, 7, 4")
    program = jax.export.export(jax.jit(lambda x: ours(x, w, g)))(jax.ShapeDtypeStruct(shape, x.dtype))
    assert_equal(program.call(x), ours(x, w, g))


@pytest.mark.parametrize("kind", ["Auto", "Explicit"])
def test_arrays_that_are_spread_over_a_mesh(kind):
    """By the compiler, with types that say where they are, and in ``shard_map``, where gradients of what is alike are added up."""
    x, w, d, g = arrays("3x3")
    mesh = jax.make_mesh((1,), ("batch",), axis_types=(getattr(jax.sharding.AxisType, kind),))
    over, alike = jax.sharding.PartitionSpec("batch"), jax.sharding.PartitionSpec()
    wanted = part_of(xla, "kernel", x, d, g)

    def gradient(x, w, d):
        return jax.grad(lambda w: jnp.sum(ours(x, w, g) * d))(w)

    with jax.sharding.use_mesh(mesh) if hasattr(jax.sharding, "use_mesh") else jax.set_mesh(mesh):
        placed = [jax.device_put(v, jax.NamedSharding(mesh, p)) for v, p in ((x, over), (w, alike), (d, over))]
        by_hand = jax.shard_map(gradient, mesh=mesh, in_specs=(over, alike, over), out_specs=alike)
        assert_equal(jax.jit(gradient)(*placed), wanted)
        assert_equal(jax.jit(by_hand)(*placed), wanted)


@of_cases
def test_training_steps_stay_in_one_program_on_the_cpu(name):
    """Unless XLA's own gradient with respect to the kernel is left in it, which is slow in loops."""
    *values, g = arrays(name)
    assert steps._is_slow(jax.make_jaxpr(with_gradients(ours, g))(*values)) == (name == "many taps")
    assert steps._is_slow(jax.make_jaxpr(with_gradients(xla, g))(*values))
