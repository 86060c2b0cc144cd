"""Lists and dicts that layers hold: a change of them is a change of structure."""

import optree

from keraunos.core.variable import Structure


def _bumping(name, base):
    method = getattr(base, name)

    def changed(self, *args, **kwargs):
        Structure.version += 1
        return method(self, *args, **kwargs)

    changed.__name__ = name
    changed.__doc__ = method.__doc__
    return changed


class TrackedList(list):
    """A list whose changes are noticed."""


class TrackedDict(dict):
    """A dict whose changes are noticed."""


for _name in "append extend insert remove pop clear sort reverse __setitem__ __delitem__ __iadd__".split():
    setattr(TrackedList, _name, _bumping(_name, list))
for _name in "update pop popitem clear setdefault __setitem__ __delitem__".split():
    setattr(TrackedDict, _name, _bumping(_name, dict))

optree.register_pytree_node(TrackedList, lambda x: (tuple(x), None), lambda _, x: TrackedList(x), namespace="keraunos")
optree.register_pytree_node(
    TrackedDict,
    lambda x: (tuple(x[k] for k in sorted(x, key=str)), tuple(sorted(x, key=str)), tuple(sorted(x, key=str))),
    lambda keys, x: TrackedDict(zip(keys, x, strict=True)),
    namespace="keraunos",
)


def track(value):
    """A container made one that is noticed, with those inside it; anything else as it is."""
    if type(value) is list:
        return TrackedList(track(v) for v in value)
    if type(value) is dict:
        return TrackedDict({k: track(v) for k, v in value.items()})
    return value


def walk(value):
    """The parts of a value: itself, or what is in its containers."""
    if isinstance(value, dict):
        for v in value.values():
            yield from walk(v)
    elif isinstance(value, (list, tuple, set)):
        for v in value:
            yield from walk(v)
    else:
        yield value
