"""The base of callbacks."""

from keraunos.util import registry


@registry.builtin("keras.callbacks")
class Callback:
    """Called at the events of ``fit``, ``evaluate`` and ``predict``.

    Attributes:
        params: dict with "verbose", "epochs", "steps".
        model: the model.
        batch_interval: the callback is called at every ``batch_interval``-th batch of training; ``None`` (the default): at every
            batch if it defines a batch method, else at none; 0: whenever a program of many batches has ended. keraunos runs all
            batches between two calls as one program, so a callback that needs few of them is cheaper with a number here.
        batches_before: a callback that has this attribute (0 at the beginning) counts batches over all epochs, not anew in each.

    >>> import keraunos as keras
    >>> class Hello(keras.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print("epoch", epoch)
    >>> Hello().on_epoch_end(0)
    epoch 0
    """

    batch_interval = None

    def __init__(self):
        self.params = None
        self._model = None

    @property
    def model(self):
        """The model that is trained."""
        return self._model

    def set_params(self, params):
        """Told before training."""
        self.params = params

    def set_model(self, model):
        """Told before training."""
        self._model = model

    def get_state(self):
        """What the callback must remember for a run to go on after a restart: plain values and NumPy arrays."""
        return {}

    def set_state(self, state):
        """Take back what ``get_state`` gave."""

    def on_batch_begin(self, batch, logs=None):
        """Older name of ``on_train_batch_begin``."""

    def on_batch_end(self, batch, logs=None):
        """Older name of ``on_train_batch_end``."""

    def on_epoch_begin(self, epoch, logs=None):
        """An epoch of training begins."""

    def on_epoch_end(self, epoch, logs=None):
        """An epoch of training has ended; logs holds the results of training and validation."""

    def on_train_batch_begin(self, batch, logs=None):
        """A batch of training begins."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch, logs=None):
        """A batch of training has ended."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch, logs=None):
        """A batch of evaluation begins."""

    def on_test_batch_end(self, batch, logs=None):
        """A batch of evaluation has ended."""

    def on_predict_batch_begin(self, batch, logs=None):
        """A batch of prediction begins."""

    def on_predict_batch_end(self, batch, logs=None):
        """A batch of prediction has ended; logs["outputs"] holds its outputs."""

    def on_train_begin(self, logs=None):
        """Training begins."""

    def on_train_end(self, logs=None):
        """Training has ended."""

    def on_test_begin(self, logs=None):
        """Evaluation begins."""

    def on_test_end(self, logs=None):
        """Evaluation has ended."""

    def on_predict_begin(self, logs=None):
        """Prediction begins."""

    def on_predict_end(self, logs=None):
        """Prediction has ended."""
