"""The losses that ``compile`` got, over all outputs of a model, as one scalar."""

from keraunos import losses
from keraunos.core.scope import real_rows
from keraunos.losses.loss import Loss, LossFunctionWrapper
from keraunos.losses.targets import check_targets
from keraunos.metrics.reduction_metrics import Mean
from keraunos.ops.core import cast
from keraunos.train.outputs import Outputs, is_array_leaf
from keraunos.util import naming, tree
from keraunos.util.errors import describe

_WHO = "compile"


def _is_loss(value):
    return (
        value is None
        or isinstance(value, str)
        or callable(value)
        or (isinstance(value, dict) and "class_name" in value)
    )


def _is_number(value):
    return value is None or isinstance(value, (int, float)) or not isinstance(value, (list, tuple, dict))


def kind_of_classes(y_true, y_pred):
    """ "binary", "sparse" or "categorical": what the shapes of targets and predictions speak for."""
    if len(y_true.shape) == 1 and len(y_pred.shape) == 1:
        return "binary"
    if y_pred.shape[-1] == 1:
        return "binary"
    if len(y_true.shape) < len(y_pred.shape) or y_true.shape[-1] == 1:
        return "sparse"
    return "categorical"


_CROSSENTROPY = {
    "binary": losses.binary_crossentropy,
    "sparse": losses.sparse_categorical_crossentropy,
    "categorical": losses.categorical_crossentropy,
}


def as_loss(identifier, y_true, y_pred):
    """A ``Loss`` from what ``compile`` takes; "crossentropy" is chosen by the shapes."""
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        found = _CROSSENTROPY[kind_of_classes(y_true, y_pred)]
    else:
        found = losses.get(identifier)
    if isinstance(found, Loss):
        return found
    return LossFunctionWrapper(found, name=function_name(found))


def function_name(fn):
    """A name for what a function computes."""
    name = getattr(fn, "name", None) or getattr(fn, "__name__", None) or naming.to_snake_case(type(fn).__name__)
    return str(name).strip("<>")


class CompileLoss:
    """The sum of the losses of all outputs, each with its weight.

    Args:
        loss: name, function or ``Loss`` (for every output), or a list or dict of them, None for an output without.
        loss_weights: a number, or a list or dict of them.
        output_names: names of the outputs of a model that returns a list.

    Raises ``ValueError`` when the number of losses isn't that of the outputs, for names that are no output's, for outputs
    without a target.

    >>> import keraunos as keras
    >>> from keraunos.train.compile_loss import CompileLoss
    >>> total = CompileLoss({"a": "mse", "b": "mae"}, loss_weights={"b": 2.0})
    >>> y = keras.ops.ones((1, 1))
    >>> float(total({"a": y, "b": y}, {"a": 2 * y, "b": 3 * y}))
    5.0
    """

    def __init__(self, loss, loss_weights=None, output_names=None):
        if not _is_loss(loss) and not isinstance(loss, (list, tuple, dict)):
            raise ValueError(
                f"{_WHO}: loss must be a name, a function, a Loss, or a list or dict of them, got {describe(loss)}."
            )
        for name in tree.flatten(loss):
            if isinstance(name, str) and name.lower() not in ("crossentropy", "ce"):
                losses.get(name)  # an unknown name is an error now, not in the first step
        self._given = loss
        self._weights_given = loss_weights
        self._names = output_names
        self._terms = None  # per flat output: (Loss, weight, tracker or None), or None
        self._outputs = None
        self._tracking = []

    @property
    def built(self):
        """Whether losses and outputs have been brought together."""
        return self._terms is not None

    @property
    def metrics(self):
        """A running mean for each output's loss, when there are several."""
        return list(self._tracking)

    @property
    def losses(self):
        """The loss of each output that has one."""
        return [term[0] for term in self._terms or () if term is not None]

    @property
    def variables(self):
        """Variables of the running means."""
        return [v for m in self._tracking for v in m.variables]

    @property
    def row_wise(self):
        """Whether the rows of a batch don't see each other, so that it may be padded."""
        return self.built and self._row_wise

    def build(self, y_true, y_pred):
        """Bring losses and outputs together; only shapes count."""
        outputs = Outputs(y_pred, self._names, _WHO)
        found = outputs.align("loss", self._given, _is_loss, everywhere=True)
        weights = outputs.align("loss_weights", self._weights_given, _is_number, everywhere=True, missing_ok=True)
        targets = outputs.align("y", y_true, is_array_leaf, missing_ok=True)
        several = sum(loss is not None for loss in found) > 1
        terms, taken = [], set()
        for i, (identifier, weight, y) in enumerate(zip(found, weights, targets, strict=True)):
            if identifier is None:
                terms.append(None)
                continue
            self._check_target(outputs, i, y)
            loss = as_loss(identifier, y, outputs.leaves[i])
            name = identifier if isinstance(identifier, str) else loss.name
            tracker = Mean(name=self._tracker_name(outputs.labels[i], name, taken)) if several else None
            terms.append((loss, weight, tracker))
        tracked = [
            (label, t[2]) for label, t in zip(outputs.labels, terms, strict=True) if t is not None and t[2] is not None
        ]
        if isinstance(self._given, dict) and isinstance(y_pred, dict):  # logs follow the order of the losses
            given = [str(k) for k in self._given]
            tracked.sort(key=lambda item: given.index([*item[0][0], item[0][1]][0]))
        self._tracking = [tracker for _, tracker in tracked]
        self._shapes = [tuple(p.shape) for p in outputs.leaves]
        self._outputs = Outputs(
            tree.map_structure(lambda p: 0, y_pred), self._names, _WHO
        )  # the nesting, without arrays
        self._row_wise = all(
            t is None or (t[0]._row_wise and _has_rows(t[0], y, p))
            for t, y, p in zip(terms, targets, outputs.leaves, strict=True)
        )
        self._terms = terms

    def _check_target(self, outputs, i, y):
        if y is None:
            label = outputs.labels[i]
            name = f"output {label[1]!r}" if label and label[1] else "the output" if label is None else f"output {i}"
            raise ValueError(f"{_WHO}: {name} has a loss, but there is no y for it.")

    @staticmethod
    def _tracker_name(label, loss_name, taken):
        path, own = label if label is not None else ((), None)
        parts = [*path, own] if own is not None else [*path, loss_name]
        name = base = "/".join(parts) + "_loss"
        i = 0
        while name in taken:
            i += 1
            name = f"{base}_{i}"
        taken.add(name)
        return name

    def __call__(self, y_true, y_pred, sample_weight=None):
        """The scalar loss of a batch, or None when no output has a loss; updates the running means."""
        if not self.built:
            self.build(y_true, y_pred)
        outputs = Outputs(y_pred, self._names, _WHO)
        targets = outputs.align("y", y_true, is_array_leaf, missing_ok=True)
        weights = outputs.align("sample_weight", sample_weight, is_array_leaf, everywhere=True, missing_ok=True)
        rows = _number_of_rows(outputs.leaves[0])
        total = None
        for i, term in enumerate(self._terms):
            if term is None:
                continue
            loss, weight, tracker = term
            self._check_target(outputs, i, targets[i])
            value = scalar(loss, loss(targets[i], outputs.leaves[i], sample_weight=weights[i]))
            if tracker is not None:
                tracker.update_state(value, sample_weight=rows)
            if weight is not None:
                value = value * weight
            total = value if total is None else total + value
        return total

    call = __call__

    def check_targets(self, y_true):
        """Check targets on the host (NumPy arrays) against what their losses can mean, see ``check_targets``."""
        if not self.built:
            return
        found = self._outputs.align("y", y_true, is_array_leaf, missing_ok=True)
        for term, y, shape in zip(self._terms, found, self._shapes, strict=True):
            if term is not None and y is not None:
                check_targets(term[0], y, shape)


def scalar(loss, value):
    """A loss's value as a scalar, or an error that says how to make it one."""
    if tuple(value.shape) != ():
        raise ValueError(
            f"{_WHO}: the loss {loss.name!r} must give one number for a batch, got an array of shape {tuple(value.shape)}. Use a "
            "reduction other than 'none'."
        )
    return value


def _has_rows(loss, y_true, y_pred):
    """Whether the values have a dimension of samples: two vectors may be one sample to the loss."""
    if len(y_pred.shape) != 1 or len(y_true.shape) != 1:
        return bool(y_pred.shape)
    return getattr(loss.fn, "_mean_of_last", False) if isinstance(loss, LossFunctionWrapper) else False


def _number_of_rows(y_pred):
    """How many real samples predictions have."""
    if not y_pred.shape:
        return 1
    rows = real_rows(y_pred.shape[0])
    return y_pred.shape[0] if rows is None else cast(rows.count, "float32")
