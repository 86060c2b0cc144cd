"""The names that Keras 2's older optimizers had: the same optimizers as those without ``legacy``."""

from keraunos.optimizers.adagrad import Adagrad
from keraunos.optimizers.adam import Adam
from keraunos.optimizers.ftrl import Ftrl
from keraunos.optimizers.optimizer import Optimizer
from keraunos.optimizers.rmsprop import RMSprop
from keraunos.optimizers.sgd import SGD

__all__ = ["Adagrad", "Adam", "Ftrl", "Optimizer", "RMSprop", "SGD"]
