"""The order of an epoch: a function of a seed and the epoch, never of what was drawn before."""

import numpy as np


def permutation(n, seed, number):
    """0 to n - 1 in the order of one pass over the data (int32)."""
    generator = np.random.Generator(np.random.Philox(key=np.array([seed, number], np.uint64)))
    order = np.arange(n, dtype=np.int32)
    generator.shuffle(order)
    return order


def rows_of_pass(n, batch_size, shuffle, seed, number):
    """Rows in the order of one pass: as they stand, shuffled, or ("batch") whole batches shuffled and the rest at the end."""
    if not shuffle:
        return np.arange(n, dtype=np.int32)
    if shuffle != "batch":
        return permutation(n, seed, number)
    whole = n // batch_size
    starts = permutation(whole, seed, number)
    rows = (starts[:, None] * batch_size + np.arange(batch_size, dtype=np.int32)).reshape(-1)
    return np.concatenate([rows, np.arange(whole * batch_size, n, dtype=np.int32)])


def window(order_of_pass, n, start, stop):
    """Places ``start`` to ``stop`` of the endless sequence of passes, each of n rows."""
    parts = []
    while start < stop:
        number, within = divmod(start, n)
        end = min(n, within + stop - start)
        parts.append(order_of_pass(number)[within:end])
        start += end - within
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
