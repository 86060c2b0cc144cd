"""Several optimizers for one model."""

import numpy as np
import pytest

from keraunos import optimizers
from keraunos.backend import dispatch
from keraunos.core.scope import NameScope
from keraunos.core.variable import Variable, functionalize
from keraunos.optimizers import SGD, Adam, MultiOptimizer, OptimizerMap


def weights():
    with NameScope("encoder"):
        encoder = [Variable([1.0, 2.0], name="kernel"), Variable([1.0], name="bias")]
    with NameScope("head"):
        return [*encoder, Variable([3.0], name="kernel")]


def by_path():
    return OptimizerMap(SGD(0.5, momentum=0.9), {"encoder/.*": Adam(0.1)})


def by_function():
    adam, sgd = Adam(0.1), SGD(0.5, momentum=0.9)
    return lambda v: adam if v.path.startswith("encoder") else sgd


@pytest.mark.parametrize("which", [by_path, by_function])
def test_each_optimizer_has_its_own(which):
    variables, wanted = weights(), weights()
    optimizer = MultiOptimizer(which(), loss_scale_factor=4.0)
    optimizer.build(variables)
    state = [*variables, *optimizer.variables]
    step = dispatch.current().compile(functionalize(optimizer.apply, state))
    found = [v.value for v in state]
    adam, sgd = Adam(0.1), SGD(0.5, momentum=0.9)
    gradients = [np.float32([1, -1]), np.float32([0.5]), np.float32([2])]
    for _ in range(3):
        found, _ = step(found, [optimizer.scale_loss(g) for g in gradients])
        adam.apply(gradients[:2], wanted[:2])
        sgd.apply(gradients[2:], wanted[2:])
    for a, b in zip(found[:3], wanted):
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-6)


def test_configuration():
    optimizer = MultiOptimizer(by_path())
    again = optimizers.get(optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()
    assert [type(o) for o in again.optimizers] == [Adam, SGD]


def built(choose):
    MultiOptimizer(choose).build(weights())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: MultiOptimizer(SGD()), TypeError, "must be an OptimizerMap or a function"),
        (lambda: built(lambda v: "adam"), TypeError, "must return an optimizer"),
        (lambda: MultiOptimizer(OptimizerMap(SGD(loss_scale_factor=2.0))), ValueError, "give loss_scale_factor to"),
        (lambda: OptimizerMap("sgd"), TypeError, "default_optimizer must be an optimizer"),
        (lambda: OptimizerMap(SGD(), {"a": 3}), TypeError, "'a' must be an optimizer"),
        (lambda: OptimizerMap(SGD(), {"a.*": SGD(), ".*b": SGD()})["ab"], ValueError, "several expressions"),
        (lambda: by_path().__setitem__("encoder/.*", SGD()), ValueError, "stands there already"),
        (lambda: MultiOptimizer(by_path()).learning_rate, AttributeError, "no learning_rate of its own"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
