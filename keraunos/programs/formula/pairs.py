"""Which one, two or three features, together with a base, span a target: scans of a whole bank by matrix products."""

import numpy as np

TILE = 1024
RECHECKED = 20  # as many pairs as are wanted are looked at a second time
NEARLY_PARALLEL = 1e-3  # 1 - cos² below which two features count as one (32 bit)


class Features:
    """Features of unit length from which a base has been projected out.

    Args:
        rows: (features, samples), weighted.
        base: (samples, columns), weighted; what may always be added for nothing.

    ``unit`` is (kept, samples) in 32 bits, ``index`` says which rows were kept.
    """

    def __init__(self, rows, base):
        self.q = np.linalg.qr(base)[0]  # (samples, columns)
        with np.errstate(all="ignore"):
            rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
            rest = rows - (rows @ self.q) @ self.q.T
            norm = np.linalg.norm(rest, axis=1)
            kept = np.flatnonzero(norm > 1e-4)  # False for NaN; below it, rounding is most of what is left
            unit = rest[kept] / norm[kept, None]
        first = _first_of_each(unit)
        self.index = kept[first]
        self.unit = unit[first].astype(np.float32)

    def narrow(self, kept):
        """Leave only some of the features."""
        self.unit, self.index = self.unit[kept], self.index[kept]

    def project(self, target):
        """The target without the base, at unit length, and the share of its square that is left."""
        rest = target - self.q @ (self.q.T @ target)
        norm = np.linalg.norm(rest)
        return (rest / max(norm, 1e-300)).astype(np.float32), norm / np.linalg.norm(target)


def _first_of_each(unit):
    """Indices of rows that point where no row before them points, signs aside."""
    marks = unit @ np.random.default_rng(1).normal(size=(unit.shape[1], 2))
    marks = np.rint(marks * np.sign(marks[:, :1]) * 1e6).astype(np.int64)
    return np.sort(np.unique(marks, axis=0, return_index=True)[1])


def best_singles(features, target, count):
    """The features that explain most: (indices into features.unit, shares), best first."""
    share = (features.unit @ target) ** 2
    top = np.argsort(-share, kind="stable")[:count]
    return top, share[top]


def best_pairs(features, target, count, is_over=lambda: False):
    """The pairs that explain most: ((pairs, 2) indices, shares), best first.

    With r = F t and C = F Fᵀ the share of a pair is (r_i² + r_j² - 2 r_i r_j c_ij) / (1 - c_ij²): a product of matrices and
    six passes over it, tile by tile, until ``is_over()``.
    """
    unit = features.unit
    r = unit @ target
    wanted, count = count, RECHECKED * count
    found: list[tuple[np.ndarray, np.ndarray]] = []
    floor = 0.0
    for i in range(0, len(unit), TILE):
        for j in range(0, min(i + TILE, len(unit)), TILE):
            if is_over():
                return _rechecked(unit, target, found, wanted)
            share = _shares_of_tile(unit[i : i + TILE], unit[j : j + TILE], r[i : i + TILE], r[j : j + TILE])
            flat = np.flatnonzero(share > floor)
            if len(flat) > count:
                flat = flat[np.argpartition(-share.ravel()[flat], count)[:count]]
            if not len(flat):
                continue
            a, b = np.divmod(flat, share.shape[1])
            found.append((np.stack([a + i, b + j], axis=1), share.ravel()[flat]))
            if sum(len(s) for _, s in found) > 4 * count:
                found = [_best(found, count)]
                floor = found[0][1][-1]
    return _rechecked(unit, target, found, wanted)


def _rechecked(unit, target, found, count):
    """The best pairs by shares that are computed anew in 64 bits: in 32, the smallest remainders are rounding."""
    if not found:
        return np.zeros((0, 2), int), np.zeros(0)
    chosen, _ = _best(found, RECHECKED * count)
    a, b, t = unit[chosen[:, 0]].astype(float), unit[chosen[:, 1]].astype(float), target.astype(float)
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b -= np.einsum("ij,ij->i", a, b)[:, None] * a
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    shares = (a @ t) ** 2 + (b @ t) ** 2
    top = np.argsort(-shares, kind="stable")[:count]
    return chosen[top], shares[top]


def _shares_of_tile(left, right, r_left, r_right):
    """Shares of all pairs of two blocks of features, (left, right)."""
    c = left @ right.T
    share = np.multiply.outer(-2.0 * r_left, r_right)
    share *= c
    share += (r_left**2)[:, None]
    share += r_right**2
    np.multiply(c, c, out=c)
    np.subtract(1.0, c, out=c)
    share[c < NEARLY_PARALLEL] = 0.0
    np.maximum(c, NEARLY_PARALLEL, out=c)
    share /= c
    return share


def _best(found, count):
    """The best of several lists of pairs, each pair once."""
    pairs = np.concatenate([p for p, _ in found])
    shares = np.concatenate([s for _, s in found])
    ordered = np.sort(pairs, axis=1)
    _, first = np.unique(ordered, axis=0, return_index=True)
    top = first[np.argsort(-shares[first], kind="stable")][:count]
    return ordered[top], shares[top]


def best_thirds(features, target, pairs, count):
    """For each pair the third feature that adds most: ((triples, 3) indices, shares), best first."""
    unit = features.unit
    found, shares = [], []
    for i, j in pairs:
        q = np.linalg.qr(unit[[i, j]].T.astype(float))[0].astype(np.float32)  # (samples, 2)
        rest = target - q @ (q.T @ target)
        free = 1.0 - ((unit @ q) ** 2).sum(axis=1)
        gain = np.where(free > NEARLY_PARALLEL, (unit @ rest) ** 2 / np.maximum(free, NEARLY_PARALLEL), 0.0)
        for k in np.argsort(-gain, kind="stable")[:2]:
            found.append((i, j, k))
            shares.append(1.0 - float(rest @ rest) + gain[k])
    order = np.argsort(-np.array(shares), kind="stable")[:count]
    return np.array(found)[order], np.array(shares)[order]
