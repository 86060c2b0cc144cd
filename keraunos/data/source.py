"""Which source a value given to ``fit`` is."""

from keraunos.data.arrays import ArraySource, split_validation
from keraunos.data.class_weights import weigh
from keraunos.data.packing import pack_x_y_sample_weight
from keraunos.data.split import Samples
from keraunos.data.standard import check_integers, count_rows, host_tree, standard
from keraunos.data.streams import StreamSource, is_stream
from keraunos.util import tree

__all__ = ["make_source", "one_batch", "split_validation"]


def make_source(
    x, y=None, sample_weight=None, batch_size=None, steps=None, shuffle=False, class_weight=None, who="fit"
):
    """The source for the data arguments of ``fit``, ``evaluate`` or ``predict``."""
    if isinstance(x, Samples):
        raise ValueError(f"{who}: x gives single samples (from split_dataset); pass batches of them: x.batch(32).")
    if is_stream(x):
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise ValueError(
                    f"{who}: {name} must not be given when x is a dataset ({type(x).__name__}), which yields it."
                )
        return StreamSource(x, steps=steps, shuffle=shuffle, class_weight=class_weight, who=who)
    return ArraySource(x, y, sample_weight, batch_size, steps, shuffle, class_weight, who)


def one_batch(x, y, sample_weight, class_weight, who):
    """One batch as standardised arrays, packed."""
    parts = [(n, host_tree(v, who, n)) for n, v in (("x", x), ("y", y), ("sample_weight", sample_weight))]
    count_rows(parts, who)
    check_integers(parts, who)
    x, y, sample_weight = (value for _, value in parts)
    sample_weight = weigh(y, sample_weight, class_weight, who)
    return tree.map_structure(standard, pack_x_y_sample_weight(x, y, sample_weight))
