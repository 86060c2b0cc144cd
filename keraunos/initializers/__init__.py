"""Initializers: the rules for first values of weights."""

from keraunos.initializers.constant import STFT, Constant, Identity, Ones, Zeros
from keraunos.initializers.initializer import Initializer
from keraunos.initializers.random import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomInitializer,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)
from keraunos.util.objects import Family

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFT",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

constant, zeros, ones = Constant, Zeros, Ones
identity = IdentityInitializer = Identity
stft = STFTInitializer = STFT
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling = VarianceScaling
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
orthogonal = OrthogonalInitializer = Orthogonal

_FAMILY = Family(
    "keras.initializers",
    "initializer",
    {
        "IdentityInitializer": Identity,
        "OrthogonalInitializer": Orthogonal,
        "STFTInitializer": STFT,
        "normal": RandomNormal,
        "one": Ones,
        "uniform": RandomUniform,
        "zero": Zeros,
    },
)


def get(identifier):
    """An initializer from its name, configuration, class, or itself; any callable is taken as it is, None is None.

    Raises ``ValueError`` for an unknown name and for anything else.

    >>> import keraunos as keras
    >>> type(keras.initializers.get("glorot_uniform")).__name__
    'GlorotUniform'
    """
    return _FAMILY.get(identifier)


def serialize(initializer):
    """The configuration of an initializer."""
    return _FAMILY.serialize(initializer)


def deserialize(config, custom_objects=None):
    """An initializer from its configuration."""
    return _FAMILY.deserialize(config, custom_objects)
