"""Loss scaling: steps are the inner optimizer's, those that aren't finite are left out."""

import numpy as np
import pytest

from keraunos import optimizers
from keraunos.backend import dispatch
from keraunos.core.variable import Variable, functionalize
from keraunos.ops import convert_to_numpy

pytestmark = pytest.mark.trains  # it scales losses whose gradients are taken


def scaled(growth=3, **inner):
    v = Variable([1.0, 2.0], name="v")
    optimizer = optimizers.LossScaleOptimizer(
        optimizers.Adam(0.1, **inner), initial_scale=8.0, dynamic_growth_steps=growth
    )
    optimizer.build([v])
    return optimizer, v


@pytest.mark.parametrize("compiled", [False, True])
def test_scale_and_skipped_steps(compiled):
    optimizer, v = scaled()
    plain, w = optimizers.Adam(0.1), Variable([1.0, 2.0], name="v")
    state = [v, *optimizer.variables]
    step = functionalize(lambda g: optimizer.apply([optimizer.dynamic_scale * g]), state)
    step = dispatch.current().compile(step) if compiled else step
    found, scales = [x.value for x in state], []
    for g in (1, np.inf, 1, 1, 1, np.nan, 1):
        found, _ = step(found, np.float32([g, 0.5]))
        if np.isfinite(g):
            plain.apply([np.float32([g, 0.5])], [w])
        np.testing.assert_allclose(convert_to_numpy(found[0]), w.numpy(), rtol=1e-6)
        scales.append(float(found[4]))
    assert scales == [8, 4, 4, 4, 8, 4, 4]
    assert int(found[5]) == int(plain.iterations) == 5


def test_stateful_steps_and_what_is_the_inner_optimizers():
    optimizer, v = scaled(use_ema=True)
    assert float(optimizer.scale_loss(np.float32(0.5))) == 4.0
    optimizer.apply([np.float32([np.inf, 1.0])], [v])
    assert v.numpy().tolist() == [1.0, 2.0] and int(optimizer.iterations) == 0 and float(optimizer.dynamic_scale) == 4.0
    optimizer.learning_rate = 0.5
    assert float(optimizer.inner_optimizer.learning_rate) == 0.5
    optimizer.finalize_variable_values([v])


def test_before_it_is_built():
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(1.0), initial_scale=2.0)
    assert optimizer.scale_loss(3.0) == 6.0
    assert len(optimizer.variables) == 4


def test_gradients_that_overwrite_are_not_scaled():
    a, b = Variable([1.0], name="a"), Variable([1.0], name="b")
    b.overwrite_with_gradient = True
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(1.0), initial_scale=2.0)
    optimizer.apply([np.float32([1.0]), np.float32([5.0])], [a, b])
    assert (a.numpy()[0], b.numpy()[0]) == (0.5, 5.0)


def test_configuration():
    optimizer, _ = scaled()
    again = optimizers.get(optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()
    assert type(again.inner_optimizer) is optimizers.Adam


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: optimizers.LossScaleOptimizer("adam"), TypeError, "inner_optimizer must be an optimizer"),
        (lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), clipnorm=1.0), ValueError, "to the inner optimizer"),
        (lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), initial_scale=0.0), ValueError, "above 0"),
        (lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), dynamic_growth_steps=0), ValueError, "at least 1"),
        (lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), lr=1.0), ValueError, "unknown argument"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
