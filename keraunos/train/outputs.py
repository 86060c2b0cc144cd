"""What is given per output of a model (losses, targets, weights, metrics), brought to the order of its flat outputs."""

from keraunos.util import tree
from keraunos.util.errors import describe, near


class Outputs:
    """The outputs of a model: their nesting and names.

    Args:
        y_pred: the predictions, nested as the model returns them.
        names: names of the outputs of a model that returns a list, or None.
        who: the name to begin messages with.
    """

    def __init__(self, y_pred, names, who):
        self.structure = y_pred
        self.who = who
        self.names = list(names) if names is not None else None
        self.leaves = tree.flatten(y_pred)
        self.single = len(self.leaves) == 1
        if self.single and isinstance(y_pred, dict):
            self.names = [str(k) for k in y_pred]
        if not self.single and self.names is not None and len(self.names) != len(y_pred):
            self.names = None
        self.labels = [None] if self.single else self._labels(y_pred, self.names, ())

    def _labels(self, structure, names, path):
        """For each leaf (path of names, own name or None)."""
        found = []
        for i, (key, part) in enumerate(_items(structure)):
            own = key if key is not None else names[i] if names else None
            inner = path if own is None else (*path, str(own))
            found += (
                self._labels(part, None, inner) if tree.is_nested(part) else [(path, None if own is None else str(own))]
            )
        return found

    def align(self, what, given, is_leaf, everywhere=False, missing_ok=False):
        """``given`` as a list with one entry per flat output.

        Args:
            what: name of the argument, for messages.
            is_leaf: whether a value is meant for one output.
            everywhere: whether one value alone is meant for every output.
            missing_ok: whether outputs may be left out of a dict (they get None).
        """
        if self.single:
            return [self._only(what, given, is_leaf)]
        return self._align(what, given, self.structure, self.names, is_leaf, everywhere, missing_ok)

    def _only(self, what, given, is_leaf):
        if is_leaf(given):
            return given
        if isinstance(given, dict):
            if self.names:
                self._check_keys(what, given, self.names[:1], missing_ok=True)
            elif len(given) != 1:
                raise self._number(what, given, 1)
            return next(iter(given.values()), None)
        if len(given) != 1:
            raise self._number(what, given, 1)
        return self._only(what, given[0], is_leaf)

    def _align(self, what, given, structure, names, is_leaf, everywhere, missing_ok):
        if not tree.is_nested(structure):
            if is_leaf(given):
                return [given]
            if isinstance(given, (list, tuple)) and len(given) == 1:
                return self._align(what, given[0], structure, None, is_leaf, everywhere, missing_ok)
            raise self._number(what, given, 1)
        items = _items(structure)
        if is_leaf(given) and not (isinstance(given, (list, tuple)) and len(given) == len(items)):
            leaves = len(tree.flatten(structure))
            if everywhere or given is None or leaves == 1:
                return [given] * leaves
            raise self._number(what, given, len(structure))
        if isinstance(given, dict):
            keys = [k for k, _ in items] if isinstance(structure, dict) else names
            if keys is None:
                raise ValueError(
                    f"{self.who}: {what} is a dict with keys {sorted(given)}, but the outputs have no names: they are a list of "
                    f"{len(items)}. Give a list."
                )
            self._check_keys(what, given, keys, missing_ok)
            given = [given.get(k) for k in keys]
        elif len(given) != len(items):
            raise self._number(what, given, len(items))
        found = []
        for value, (_, part) in zip(given, items, strict=True):
            found += self._align(what, value, part, None, is_leaf, everywhere, missing_ok)
        return found

    def _check_keys(self, what, given, keys, missing_ok):
        unknown = [k for k in given if k not in keys]
        if unknown:
            raise ValueError(
                f"{self.who}: {what} has the key {unknown[0]!r}, but the outputs are {list(keys)}.{near(unknown[0], keys)}"
            )
        missing = [k for k in keys if k not in given]
        if missing and not missing_ok:
            raise ValueError(
                f"{self.who}: {what} must have a key for each output, {list(keys)}; {missing[0]!r} is missing. An output that "
                "shall have none gets None."
            )

    def _number(self, what, given, n):
        got = (
            f"{len(given)} ({describe(given)})"
            if isinstance(given, (list, tuple, dict))
            else f"one ({describe(given)})"
        )
        return ValueError(
            f"{self.who}: {what} must have one entry for each of the {n} output{'s' if n != 1 else ''}"
            f"{'' if not self.names else ' ' + str(self.names)}, got {got}."
        )


def _items(structure):
    """Pairs (key or None, part) in the order of ``tree.flatten``."""
    if isinstance(structure, dict):
        return [(k, structure[k]) for k in sorted(structure, key=str)]
    return [(None, part) for part in structure]


def is_array_leaf(value):
    """Whether a value is one array (or nothing), not a collection of them."""
    if isinstance(value, dict):
        return False
    if isinstance(value, (list, tuple)):
        return bool(value) and not any(
            hasattr(v, "shape") or v is None or isinstance(v, dict) for v in tree.flatten(value)
        )
    return True
