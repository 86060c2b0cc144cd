"""What wrappers must know of a metric's function."""

from keraunos.util import registry


def metric_function(mean_of_last=False, class_indices=False, public=True):
    """Decorator: a function of metrics; each row of its values depends on that row of its arguments only.

    Args:
        mean_of_last: whether the values are elementwise or means over the last dimension (so vectors may be taken as columns).
        class_indices: whether targets are class indices.
        public: whether it is one of ``keras.metrics``.
    """

    def mark(fn):
        fn._row_wise, fn._mean_of_last, fn._class_indices = True, mean_of_last, class_indices
        return registry.builtin("keras.metrics")(fn) if public else fn

    return mark
