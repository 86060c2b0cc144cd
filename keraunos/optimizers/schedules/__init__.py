"""Learning rates as functions of the step."""

from keraunos.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from keraunos.optimizers.schedules.decay import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from keraunos.optimizers.schedules.schedule import LearningRateSchedule
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


def serialize(learning_rate_schedule):
    """The configuration of a schedule."""
    return serialize_keras_object(learning_rate_schedule)


def deserialize(config, custom_objects=None):
    """A schedule from its configuration.

    >>> import keraunos as keras
    >>> schedules = keras.optimizers.schedules
    >>> schedules.deserialize(schedules.serialize(schedules.ExponentialDecay(0.1, 10, 0.5))).decay_steps
    10
    """
    return deserialize_keras_object(config, custom_objects=custom_objects, module="keras.optimizers.schedules")
