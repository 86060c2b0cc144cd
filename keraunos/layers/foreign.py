"""Layers as objects of other frameworks, and what layers made of such objects have in common."""

from keraunos.backend import dispatch
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.util import tree


def as_torch_module(layer):
    """A ``torch.nn.Module`` that computes with a layer or model and shares its weights, for use inside PyTorch code.

    Its parameters are the layer's trainable weights: an optimizer of PyTorch changes the layer, and what keraunos changes the module
    sees. ``module.train()`` and ``module.eval()`` are the layer's ``training``.

    Args:
        layer: a layer whose weights are on the PyTorch engine.

    Raises:
        ValueError: it is on another engine.

    >>> import keraunos as keras
    >>> with keras.backend.use("torch"):
    ...     module = keras.as_torch_module(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]))
    >>> [tuple(p.shape) for p in module.parameters()]
    [(3, 2), (2,)]
    """
    engine = dispatch.get_engine("torch")
    if layer._engine is not engine:
        raise ValueError(
            f"as_torch_module: {who(layer)} computes on the {layer._engine.name} engine. Move it first: layer.to('torch')."
        )
    return engine.as_module(layer)


class ForeignLayer(Layer):
    """Base of layers that compute with another framework's code, so on that framework's engine only."""

    _only = None  # the name of the engine

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._check_engine(self._engine)

    def _check_engine(self, engine):
        if engine.name != self._only:
            raise ValueError(
                f"{who(self)}: computes with code of {self._only}, so on the {self._only} engine only, not on {engine.name}. Make or "
                f"load the model inside `with keraunos.backend.use({self._only!r}):`."
            )

    def _check_arrays(self, *nests):
        """Raise ``TypeError`` where arrays of another engine came."""
        arrays = [x for x in tree.flatten(nests) if hasattr(x, "dtype")]
        if arrays and (engine := dispatch.engine_of(*arrays, who=who(self))) is not self._engine:
            raise dispatch.mixed(who(self), engine, self._engine)
