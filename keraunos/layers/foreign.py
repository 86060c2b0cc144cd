"""Layers as objects of other frameworks."""

from keraunos.backend import dispatch
from keraunos.layers.input_spec import who


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
