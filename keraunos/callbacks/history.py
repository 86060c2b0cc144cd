"""What happened."""

from keraunos.callbacks.callback import Callback
from keraunos.util import registry


@registry.builtin("keras.callbacks")
class History(Callback):
    """Keeps the logs of all epochs; ``fit`` returns it.

    Attributes:
        history: dict from name to list of values.
        epoch: list of epoch indices.

    >>> import keraunos as keras
    >>> h = keras.callbacks.History()
    >>> h.on_train_begin()
    >>> h.on_epoch_end(0, {"loss": 1.5})
    >>> h.history
    {'loss': [1.5]}
    """

    def __init__(self):
        super().__init__()
        self.history = {}
        self.epoch = []

    def on_train_begin(self, logs=None):
        self.epoch = []
        self.history = {}

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def get_state(self):
        return {"epoch": list(self.epoch), "history": {k: list(v) for k, v in self.history.items()}}

    def set_state(self, state):
        self.epoch = list(state["epoch"])
        self.history = {k: list(v) for k, v in state["history"].items()}
