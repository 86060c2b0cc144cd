"""The state that names and seeds leave behind."""

from keraunos.random.seed import reset_global_seed_generator
from keraunos.util.naming import reset_uids


def clear_session(free_memory=True):
    """Forget the counters of automatic names and the global seed.

    >>> import keraunos as keras
    >>> keras.utils.clear_session()
    >>> keras.layers.Dense(1).name
    'dense'
    """
    reset_uids()
    reset_global_seed_generator()
