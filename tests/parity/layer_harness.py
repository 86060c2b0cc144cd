"""A layer of keraunos beside Keras's: configuration, weights, outputs, state, gradients."""

import json

import jax
import keras
import numpy as np

import keraunos
from tests.layers.cases import weights_for
from tests.layers.harness import in_a_hurry


def plain(value):
    """A configuration as JSON has it, floats rounded to the digits of float32."""
    text = json.dumps(value, default=lambda v: v.tolist() if hasattr(v, "tolist") else repr(v), sort_keys=True)
    return json.loads(text, parse_float=lambda v: float(f"{float(v):.6g}"))


def pair(case):
    """(ours, Keras's), made and built with the same seeds, so that initial weights and seeds are the same."""
    made = []
    for library in (keraunos, keras):
        library.utils.clear_session(free_memory=False)
        library.utils.set_random_seed(11)
        layer = case.make(library.layers)
        x = case.inputs()
        layer.build([v.shape for v in x] if isinstance(x, list) else x.shape)
        made.append(layer)
    return made


def check_config(case, ours, theirs):
    got, want = plain(ours.get_config()), plain(theirs.get_config())
    for key in case.config_differs:
        got.pop(key, None)
        want.pop(key, None)
    assert sorted(got) == sorted(want)
    assert [(k, v) for k, v in got.items() if want[k] != v] == [], want
    back = type(theirs).from_config(ours.get_config())
    assert plain(back.get_config()) == plain(theirs.get_config()) or case.config_differs
    type(ours).from_config(theirs.get_config())


def check_weights(case, ours, theirs):
    def told(layer):
        return [(v.name, tuple(v.shape), str(v.dtype), v.trainable) for v in layer.weights]

    assert told(ours) == told(theirs)
    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), np.asarray(b.value), rtol=1e-6, atol=1e-6, err_msg=a.path)


def leaves(x):
    return [np.asarray(v, "float64") for v in jax.tree_util.tree_leaves(x)]


def near(got, want, tol, what):
    got, want = leaves(got), leaves(want)
    assert len(got) == len(want), what
    for g, w in zip(got, want, strict=True):
        assert g.shape == w.shape, what
        np.testing.assert_allclose(g, w, rtol=tol, atol=tol, err_msg=what)


def run(layer, case, training):
    """Outputs, new state, and gradients by the trainable weights and float inputs."""
    x = jax.tree_util.tree_map(jax.numpy.asarray, case.inputs())
    kwargs = case.call_kwargs(training)
    trainable = [v.value for v in layer.trainable_variables]
    other = [v.value for v in layer.non_trainable_variables]

    def loss(trainable, x):
        y, state = layer.stateless_call(trainable, other, x, **kwargs)
        rng = np.random.default_rng(5)
        flat = [v for v in jax.tree_util.tree_leaves(y) if jax.numpy.issubdtype(v.dtype, jax.numpy.floating)]
        total = sum((v * rng.normal(size=v.shape).astype("float32")).sum() for v in flat)
        return total, (y, state)

    floats = case.dtype.startswith("float")
    if not floats and not trainable:
        _, (y, state) = jax.jit(loss)(trainable, x)
        return y, state, ()
    (_, (y, state)), grads = jax.jit(jax.value_and_grad(loss, argnums=(0, 1) if floats else 0, has_aux=True))(
        trainable, x
    )
    return y, state, grads


def check_numbers(case, ours, theirs):
    values = weights_for(ours.weights)
    ours.set_weights(values)
    theirs.set_weights(values)
    for training in case.training[-2:]:  # None, the first where there are three, is as False
        got, want = run(ours, case, training), run(theirs, case, training)
        for what, g, w in zip(("outputs", "state", "gradients"), got, want, strict=True):
            near(g, w, case.tol, f"{what}, training={training}")


def check_shapes(case, ours, theirs):
    x = case.inputs()
    shape = [v.shape for v in x] if isinstance(x, list) else x.shape
    assert plain(ours.compute_output_shape(shape)) == plain(theirs.compute_output_shape(shape))
    assert ours.supports_masking == theirs.supports_masking


def check(case):
    """All checks, but those that the case skips."""
    with in_a_hurry():
        _check(case)


def _check(case):
    ours, theirs = pair(case)
    for one in (check_config, check_weights, check_shapes, check_numbers):
        if f"parity:{one.__name__}" not in case.skip:
            one(case, ours, theirs)
