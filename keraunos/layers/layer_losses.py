"""Losses that layers add."""

from keraunos.core.scope import LOCAL
from keraunos.util import tree


class LayerLosses:
    """Mixin of ``Layer``."""

    def add_loss(self, loss):
        """Add a scalar (or a list of them) to what is minimised; call it inside ``call``."""
        table = LOCAL.losses
        if table is None:
            table = LOCAL.losses = {}
        for x in tree.flatten(loss):
            if x is not None:
                table.setdefault(id(self), []).append(x)

    def _add_activity_losses(self, outputs):
        for x in tree.flatten(outputs):
            if hasattr(x, "shape"):
                self.add_loss(self.activity_regularizer(x) / _rows_of(x))

    def _clear_losses(self):
        if LOCAL.losses:
            for layer in self._flatten_layers():
                LOCAL.losses.pop(id(layer), None)

    @property
    def losses(self):
        """Scalars added by the last call, and penalties on trainable weights."""
        found = []
        for layer in self._flatten_layers():
            found.extend((LOCAL.losses or {}).get(id(layer), ()))
        for v in self.trainable_weights:
            if v.regularizer is not None:
                found.append(v.regularizer(v))
        return found


def _rows_of(x):
    return max(x.shape[0], 1) if x.shape else 1
