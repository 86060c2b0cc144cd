"""Running means of the weights in place of the weights."""

from keraunos.callbacks.callback import Callback
from keraunos.util import registry


@registry.builtin("keras.callbacks")
class SwapEMAWeights(Callback):
    """Validate and predict with the running means of the weights (``use_ema=True`` of the optimizer), and train on with the weights.

    Args:
        swap_on_epoch: whether the means are in place at the end of each epoch too, for callbacks that come after this one, such as
            ``ModelCheckpoint``.

    Raises:
        ValueError: the optimizer keeps no running means.

    >>> import keraunos as keras
    >>> swap = keras.callbacks.SwapEMAWeights()
    """

    def __init__(self, swap_on_epoch=False):
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._in_place = False

    def _optimizer(self):
        found = self.model.optimizer
        found = getattr(found, "inner_optimizer", found)  # of a LossScaleOptimizer
        if not getattr(found, "use_ema", False):
            raise ValueError(
                f"SwapEMAWeights needs an optimizer that keeps running means: make it with use_ema=True. Got {type(found).__name__} "
                "without."
            )
        return found

    def _swap(self):
        optimizer = self._optimizer()
        if not optimizer.built:
            return
        for v, mean in zip(optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True):
            if mean is not None:
                v._value, mean._value = mean._value, v._value
        self._in_place = not self._in_place

    def _put(self, means):
        """Have the means in place of the weights, or the weights."""
        if self._in_place != means:
            self._swap()

    def on_train_begin(self, logs=None):
        self._optimizer()

    def on_epoch_begin(self, epoch, logs=None):
        self._put(False)

    def on_epoch_end(self, epoch, logs=None):
        if self.swap_on_epoch:
            self._put(True)

    def on_train_end(self, logs=None):
        self._put(False)

    def on_test_begin(self, logs=None):
        self._put(True)

    def on_test_end(self, logs=None):
        self._put(False)

    def on_predict_begin(self, logs=None):
        self._put(True)

    def on_predict_end(self, logs=None):
        self._put(False)

    def get_state(self):
        return {"in_place": self._in_place}

    def set_state(self, state):
        self._in_place = state["in_place"]
