"""Seeds: where random numbers come from, and how to get the same ones again.

A key is a uint32 array of shape (2,): (seed, counter). Everything random takes a ``seed``, which is an integer (the same
numbers at each call), a ``SeedGenerator`` (others at each call), or None (the global generator).
"""

import operator
import random

import numpy as np

from keraunos.core.scope import LOCAL, NameScope
from keraunos.core.variable import Structure, Variable
from keraunos.util import naming, registry
from keraunos.util.errors import describe

_LIMIT = 2**32
_GLOBAL = {"generator": None}


def check_seed(seed, who="seed"):
    """A seed as a Python integer in [0, 2^32)."""
    try:
        found = operator.index(seed)
    except TypeError:
        raise ValueError(f"{who}: seed must be an integer, got {describe(seed)}.") from None
    if not 0 <= found < _LIMIT:
        raise ValueError(f"{who}: seed must be between 0 and 2^32 - 1, got {found}.")
    return found


def make_default_seed():
    """A seed from Python's ``random``, between 1 and 10^9."""
    return random.randint(1, 10**9)


@registry.builtin("keras.random")
class SeedGenerator:
    """A source of keys that differ at each call; its state is a variable, so that a compiled program advances it too.

    Args:
        seed: integer in [0, 2^32), or None for one drawn from Python's ``random`` (which ``set_random_seed`` makes known).
        name: of the state's path.

    Attributes:
        state: the ``Variable`` (seed, counter), uint32 of shape (2,).

    Raises ``ValueError`` for a seed that isn't an integer in the range.

    >>> import keraunos as keras
    >>> g = keras.random.SeedGenerator(7)
    >>> first, second = keras.random.uniform((2,), seed=g), keras.random.uniform((2,), seed=g)
    >>> bool((first == second).any())
    False
    """

    _part_kind = "seed"

    def __init__(self, seed=None, name=None, **kwargs):
        if kwargs:
            raise ValueError(f"SeedGenerator: unknown argument(s) {sorted(kwargs)}.")
        self.name = name or naming.auto_name(type(self).__name__)
        self._initial_seed = seed
        seed = make_default_seed() if seed is None else check_seed(seed, "SeedGenerator")
        with NameScope(self.name):
            self.state = Variable(
                np.array([seed, 0], np.uint32),
                dtype="uint32",
                trainable=False,
                autocast=False,
                name="seed_generator_state",
            )

    @property
    def seed(self):
        """What it was made with."""
        return self._initial_seed

    def next(self, ordered=True):
        """The present key; the state moves on.

        Args:
            ordered: whether the counter goes up by one. Otherwise the state jumps, so that its keys don't meet those of a
                generator of the same seed.

        **Shape:** (2,), uint32.

        Raises ``ValueError`` inside a compiled function that doesn't carry the state: the draw would become a constant.
        """
        engine = self.state.engine
        if LOCAL.state is None and engine.in_trace():
            raise ValueError(
                f"SeedGenerator {self.name!r} was used inside a compiled function that doesn't carry its state, so each call of "
                "that function would draw the same numbers. Make a SeedGenerator an attribute of the layer or model and pass it "
                "as seed=self.seed_generator, or pass an integer if the same numbers are wanted."
            )
        key = self.state.value
        # Outside of programs it is read, so that no recording takes it for a constant.
        seen = key if LOCAL.state is not None else engine.to_numpy(key)
        self.state.assign(engine.random.next_key(seen, ordered))
        return key

    def get_config(self):
        """Arguments that make an equal generator."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config):
        """A generator from ``get_config()``'s dict."""
        return cls(**config)


def global_seed_generator():
    """The generator behind ``seed=None``; it comes about when it is first needed."""
    if _GLOBAL["generator"] is None:
        with NoNames():
            _GLOBAL["generator"] = SeedGenerator(name="global_seed_generator")
    return _GLOBAL["generator"]


def reset_global_seed_generator():
    """Let the next draw without a seed make a new global generator (``clear_session``, ``set_random_seed``)."""
    _GLOBAL["generator"] = None
    Structure.version += 1  # compiled functions hold the old one's state


class NoNames:
    """No name prefixes in the block: what is global is nobody's part."""

    def __enter__(self):
        self._before, LOCAL.names = LOCAL.names, ()

    def __exit__(self, *exc):
        LOCAL.names = self._before


def draw_seed(seed):
    """A key from an integer, a ``SeedGenerator``, or None.

    **Shape:** (2,), uint32.

    >>> from keraunos.random.seed import draw_seed
    >>> draw_seed(7).tolist()
    [7, 0]
    """
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if seed is None:
        return global_seed_generator().next(ordered=False)
    try:
        return np.array([check_seed(seed), 0], np.uint32)
    except ValueError as e:
        raise ValueError(
            f"seed must be an integer between 0 and 2^32 - 1, a SeedGenerator, or None, got {describe(seed)}."
        ) from e


_ORDERS = []  # the generator of the seeds of orders, once set_random_seed has been called


def draw_order_seed():
    """A seed for the orders of a fit's epochs.

    After ``set_random_seed`` from a generator of its own: others draw from NumPy's, even when they are imported.
    """
    if _ORDERS:
        return _ORDERS[0].randrange(2**31 - 1)
    return int(np.random.randint(2**31 - 1))


def set_random_seed(seed):
    """Seed Python's ``random``, NumPy, and everything that keraunos draws from now on, initial weights included.

    Raises ``ValueError`` for a seed that isn't an integer in [0, 2^32).

    >>> import keraunos as keras
    >>> keras.utils.set_random_seed(1)
    >>> first = keras.random.normal((2,))
    >>> keras.utils.set_random_seed(1)
    >>> bool((first == keras.random.normal((2,))).all())
    True
    """
    seed = check_seed(seed, "set_random_seed")
    random.seed(seed)
    np.random.seed(seed)
    _ORDERS[:] = [random.Random(seed)]
    reset_global_seed_generator()
