"""A module of Flax as a layer."""

import inspect
from dataclasses import dataclass
from typing import Any

from keraunos.layers.jax_layer import JaxLayer
from keraunos.util import registry


@dataclass(frozen=True)
class Method:
    """A module and the method of it that computes."""

    module: Any
    method: Any

    def training(self, value):
        """The argument ``training``, where the method takes it."""
        method = self.method or type(self.module).__call__
        method = getattr(type(self.module), method) if isinstance(method, str) else method
        return {"training": value} if "training" in inspect.signature(method).parameters else {}


class FlaxInit(Method):
    """``init_fn`` of a module: its initial params, and its other collections."""

    def __call__(self, rng, inputs):
        return _parted(self.module.init(rng, inputs=inputs, method=self.method, **self.training(True)))


class FlaxCall(Method):
    """``call_fn`` of a module."""

    def __call__(self, params, state, rng, inputs, training):
        outputs, changed = self.module.apply(
            {"params": params, **state},
            inputs=inputs,
            rngs=rng,  # the one key for all streams: flax derives each stream's own
            method=self.method,
            mutable=list(state),
            **self.training(training),
        )
        return outputs, {**state, **changed}


def _parted(variables):
    """(params, the other collections)."""
    state = dict(variables)
    params = state.pop("params", {})
    return params, state


@registry.builtin("keras.layers")
class FlaxLayer(JaxLayer):
    """A module of Flax (``flax.linen.Module``) as a layer; its ``params`` are trained, its other collections are carried.

    Args:
        module: the module. Its method takes ``inputs``, an array or a pytree of them, and perhaps ``training``.
        method: the method that computes, or a function ``(module, inputs)``; default: ``__call__``.
        variables: what ``module.init`` returned; None to have it made when the layer is built.
        seed: integer; None for one drawn from the global seed.

    **Shape:** the module's.

    Raises:
        ValueError: the layer is on another engine than JAX.

    Source: https://flax-linen.readthedocs.io.

    >>> from flax import linen
    >>> import keraunos as keras
    >>> layer = keras.layers.FlaxLayer(linen.Dense(2))
    >>> layer(keras.ops.ones((4, 3))).shape, [w.shape for w in layer.trainable_weights]
    ((4, 2), [(2,), (3, 2)])
    """

    _outside_config = ("variables",)

    def __init__(self, module, method=None, variables=None, **kwargs):
        params, state = (None, None) if variables is None else _parted(variables)
        super().__init__(
            call_fn=FlaxCall(module, method), init_fn=FlaxInit(module, method), params=params, state=state, **kwargs
        )
        self.module = module
        self.method = method
