"""Automatic names: ``Dense`` → ``dense``, ``dense_1``, …"""

import functools
import re
import threading

_LOCK = threading.Lock()
_COUNTS = {}

_WORD_BEFORE_CAPITAL = re.compile(r"(.)([A-Z][a-z0-9]+)")
_LOWER_BEFORE_CAPITAL = re.compile(r"([a-z])([A-Z])")


@functools.lru_cache(maxsize=4096)
def to_snake_case(name):
    """``"Conv2DTranspose"`` → ``"conv2d_transpose"``."""
    name = re.sub(r"\W+", "", name)
    name = _WORD_BEFORE_CAPITAL.sub(r"\1_\2", name)
    return _LOWER_BEFORE_CAPITAL.sub(r"\1_\2", name).lower()


def get_uid(prefix=""):
    """The next integer of the counter of ``prefix``, from 1 on.

    >>> from keraunos.util.naming import get_uid
    >>> get_uid("a doctest"), get_uid("a doctest")
    (1, 2)
    """
    with _LOCK:
        _COUNTS[prefix] = _COUNTS.get(prefix, 0) + 1
        return _COUNTS[prefix]


def uniquify(name):
    """``name`` the first time, then ``name_1``, ``name_2``, …"""
    count = get_uid(name) - 1
    return f"{name}_{count}" if count else name


def auto_name(prefix):
    """A unique name from a class name."""
    return uniquify(to_snake_case(prefix))


def reset_uids():
    """Start all counters anew (``clear_session``)."""
    with _LOCK:
        _COUNTS.clear()
