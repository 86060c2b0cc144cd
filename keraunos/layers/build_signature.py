"""What a layer's ``build`` takes, looked up once per class."""

import functools

from keraunos.layers.signature import CallSignature


@functools.lru_cache(maxsize=4096)
def build_parameters(cls):
    """Names of the parameters of ``build``, or None when it takes any."""
    signature = CallSignature(functools.partial(cls.build, None))
    if signature.has_var_keyword or signature.has_var_positional:
        return None
    return tuple(signature.names)


def builds_nothing(cls):
    """Whether a class leaves ``build`` to the base."""
    return getattr(cls.build, "_is_base", False)
