"""The metrics that ``compile`` got, over all outputs of a model, as one metric whose result is a dict."""

from keraunos import metrics as metrics_module
from keraunos.backend import dispatch
from keraunos.core.masks import get_mask, set_mask
from keraunos.core.scope import real_rows
from keraunos.losses.loss import Loss, LossFunctionWrapper, fill_padding
from keraunos.losses.matching import as_array, match_weights, rank
from keraunos.metrics.metric import Metric
from keraunos.metrics.reduction_metrics import MeanMetricWrapper
from keraunos.ops.core import cast
from keraunos.train.compile_loss import function_name, kind_of_classes
from keraunos.train.outputs import Outputs, is_array_leaf
from keraunos.util import tree
from keraunos.util.errors import describe

_WHO = "compile"
_MEANS = ("sum_over_batch_size", "mean")
_BY_SHAPE = {
    "accuracy": {
        "binary": metrics_module.BinaryAccuracy,
        "sparse": metrics_module.SparseCategoricalAccuracy,
        "categorical": metrics_module.CategoricalAccuracy,
    },
    "crossentropy": {
        "binary": metrics_module.BinaryCrossentropy,
        "sparse": metrics_module.SparseCategoricalCrossentropy,
        "categorical": metrics_module.CategoricalCrossentropy,
    },
}
_BY_SHAPE |= {"acc": _BY_SHAPE["accuracy"], "ce": _BY_SHAPE["crossentropy"]}


def _is_metric(value):
    return (
        value is None
        or isinstance(value, str)
        or callable(value)
        or (isinstance(value, dict) and "class_name" in value)
    )


def _is_metrics_of_one(value):
    return _is_metric(value) or (isinstance(value, (list, tuple)) and all(_is_metric(v) for v in value))


def as_metric(identifier, y_true, y_pred):
    """A ``Metric`` from what ``compile`` takes; "accuracy" and "crossentropy" are chosen by the shapes."""
    by_shape = _BY_SHAPE.get(identifier.lower()) if isinstance(identifier, str) else None
    if by_shape is not None:
        return by_shape[kind_of_classes(y_true, y_pred)](name=identifier)
    found = metrics_module.get(identifier)
    if isinstance(found, Metric):
        if isinstance(identifier, str):
            found.name = identifier
        return found
    name = identifier if isinstance(identifier, str) else function_name(found)
    if isinstance(found, LossFunctionWrapper) and found.reduction in _MEANS:
        return MeanMetricWrapper(found.fn, name=name, **found._fn_kwargs)  # its values per sample, which can be weighed
    metric = MeanMetricWrapper(found, name=name)
    if isinstance(found, Loss):
        metric._row_wise = False  # one number a batch
    return metric


class CompileMetrics(Metric):
    """All metrics of a model.

    Args:
        metrics: list of names, functions, ``Metric``; for several outputs a list of such lists, or a dict.
        weighted_metrics: the same, for metrics that get the sample weights.
        output_names: names of the outputs of a model that returns a list.

    Raises ``ValueError`` when the number of entries isn't that of the outputs, and for names that are no output's.

    >>> import keraunos as keras
    >>> from keraunos.train.compile_metrics import CompileMetrics
    >>> m = CompileMetrics(["mae", "accuracy"], None)
    >>> m.update_state(keras.ops.ones((2, 1)), keras.ops.zeros((2, 1)))
    >>> {k: float(v) for k, v in m.result().items()}
    {'mae': 1.0, 'accuracy': 0.0}
    """

    def __init__(self, metrics, weighted_metrics=None, output_names=None, name="compile_metrics"):
        super().__init__(name=name)
        for what, given in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if given is not None and not isinstance(given, (list, tuple, dict)):
                raise ValueError(f"{_WHO}: {what} must be a list or dict, got {describe(given)}.")
            _check_names(given)
        self._given = metrics, weighted_metrics
        self._names = output_names
        self._plain = self._weighted = None  # per flat output: list of metrics
        self.built = False
        self._vectors = ()

    @property
    def metrics(self):
        """All metrics, those without weights first."""
        if not self.built:
            return []
        return [m for group in (*self._plain, *self._weighted) for m in group]

    @property
    def variables(self):
        """Variables of all metrics."""
        found = {id(v): v for m in self.metrics for v in m.variables}
        return list(found.values())

    @property
    def row_wise(self):
        """Whether padded rows of weight 0 change no metric."""
        return (
            self.built
            and all(m._row_wise for m in self.metrics)
            and all(_takes_vectors(m) for i in self._vectors for m in (*self._plain[i], *self._weighted[i]))
        )

    def build(self, y_true, y_pred):
        """Bring metrics and outputs together; only shapes count."""
        outputs = Outputs(y_pred, self._names, _WHO)
        targets = outputs.align("y", y_true, is_array_leaf, missing_ok=True)
        groups = []
        for what, given in zip(("metrics", "weighted_metrics"), self._given, strict=True):
            found = outputs.align(what, given, _is_metrics_of_one, missing_ok=True)
            groups.append([self._make(g, y, p) for g, y, p in zip(found, targets, outputs.leaves, strict=True)])
        self._plain, self._weighted = groups
        self._labels = [
            None if label is None else "/".join([*label[0], *filter(None, label[1:])]) for label in outputs.labels
        ]
        self._vectors = [
            i
            for i, (y, p) in enumerate(zip(targets, outputs.leaves, strict=True))
            if y is not None and rank(p) == 1 == rank(y)
        ]
        self.built = True

    @staticmethod
    def _make(given, y_true, y_pred):
        wanted = given if isinstance(given, (list, tuple)) else [given]
        wanted = [m for m in wanted if m is not None]
        if wanted and y_true is None:
            raise ValueError(f"{_WHO}: an output has the metrics {wanted}, but there is no y for it.")
        return [as_metric(m, y_true, y_pred) for m in wanted]

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take a batch into account."""
        if not self.built:
            self.build(y_true, y_pred)
        outputs = Outputs(y_pred, self._names, _WHO)
        targets = outputs.align("y", y_true, is_array_leaf, missing_ok=True)
        weights = outputs.align("sample_weight", sample_weight, is_array_leaf, everywhere=True, missing_ok=True)
        for plain, weighted, y, p, w in zip(self._plain, self._weighted, targets, outputs.leaves, weights, strict=True):
            if not plain and not weighted:
                continue
            y, p, real = _without_padding(y, p)
            for metric in plain:
                metric.update_state(y, p) if real is None else metric.update_state(y, p, sample_weight=real)
            if weighted and real is not None:
                w = real if w is None else _times(w, real)
            for metric in weighted:
                metric.update_state(y, p, sample_weight=w)

    def result(self):
        """Results by the names that logs show: "mae", or "output_mae" for several outputs."""
        if not self.built:
            raise ValueError(f"{_WHO}: the metrics have no result before they have seen a batch.")
        found = {}
        for weighted, groups in ((False, self._plain), (True, self._weighted)):
            for label, group in zip(self._labels, groups, strict=True):
                for metric in group:
                    found[_log_name(label, metric.name, weighted, found)] = metric.result()
        return found

    def reset_state(self):
        """Start all metrics anew."""
        for metric in self.metrics:
            metric.reset_state()

    def get_config(self):
        """The metrics are part of the model's compile configuration."""
        raise TypeError("CompileMetrics has no configuration of its own: see Model.get_compile_config().")


def _check_names(given):
    """An unknown name is an error in ``compile``, not in the first step."""
    for name in tree.flatten(given):
        if isinstance(name, str) and name.lower() not in _BY_SHAPE:
            metrics_module.check_name(name)


def _log_name(label, name, weighted, taken):
    prefix = f"{label}_" if label else ""
    base = prefix + name
    if weighted and base in taken:
        base = f"{prefix}weighted_{name}"
    found, i = base, 0
    while found in taken:
        i += 1
        found = f"{base}_{i}"
    return found


def _without_padding(y_true, y_pred):
    """(y_true, y_pred, weights that are 0 for padded rows or None), padded rows like the first one."""
    rows = real_rows(y_pred.shape[0]) if rank(y_pred) else None
    if rows is None:
        return y_true, y_pred, None
    mask = get_mask(y_pred)
    filled = fill_padding(rows, y_pred)
    if mask is not None:
        set_mask(filled, mask)
    engine = dispatch.engine_of(y_pred)
    return fill_padding(rows, as_array(engine, y_true)), filled, rows.mask


def _times(weights, real):
    """Weights that are 0 for padded rows."""
    weights = as_array(dispatch.engine_of(real), weights, str(real.dtype))
    weights = fill_padding(real_rows(real.shape[0]), weights)
    if not rank(weights):
        return weights * real
    real, weights = match_weights(_WHO, real, weights)
    return weights * cast(real, str(weights.dtype))


def _takes_vectors(metric):
    """Whether each element of two vectors is a sample to the metric."""
    return not isinstance(metric, MeanMetricWrapper) or getattr(metric._fn, "_mean_of_last", False)
