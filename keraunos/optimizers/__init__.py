"""Optimizers: how gradients change weights."""

from keraunos.optimizers import legacy, schedules
from keraunos.optimizers.adadelta import Adadelta
from keraunos.optimizers.adafactor import Adafactor
from keraunos.optimizers.adagrad import Adagrad
from keraunos.optimizers.adam import Adam, AdamW
from keraunos.optimizers.adamax import Adamax
from keraunos.optimizers.ftrl import Ftrl
from keraunos.optimizers.lamb import Lamb
from keraunos.optimizers.lion import Lion
from keraunos.optimizers.lookup import deserialize, get, serialize
from keraunos.optimizers.loss_scale_optimizer import LossScaleOptimizer
from keraunos.optimizers.multi_optimizer import MultiOptimizer, OptimizerMap
from keraunos.optimizers.muon import Muon
from keraunos.optimizers.nadam import Nadam
from keraunos.optimizers.optimizer import Optimizer
from keraunos.optimizers.rmsprop import RMSprop
from keraunos.optimizers.schedule_free import ScheduleFreeAdamW
from keraunos.optimizers.sgd import SGD

__all__ = [
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "SGD",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "legacy",
    "schedules",
    "serialize",
]
