"""Any Python function of symbols: the k most probable readings, and the most probable ones that explain a label."""

from collections.abc import Callable
from typing import Any

import numpy as np

from keraunos.losses import CategoricalCrossentropy
from keraunos.optimizers import Adam
from keraunos.programs.hybrid.domain import plain, symbols
from keraunos.util.errors import describe

FIRST = 4  # so many times k sequences are tried before ``max_calls`` are


class Abduction:
    """Trains a network through a function of its symbols that is too large to tabulate, by searching explanations of labels.

    For each sample ``draws`` sequences of symbols are drawn as the network finds them probable; those that give the label say how
    probable each symbol is in each place given the label. Where none of them gives it, sequences are tried from the most
    probable downwards until k do, weighed by their probabilities. These are the targets of a cross entropy, whose expected
    gradient is that of -log P(label) (with drawn sequences), or of its bound -log Σ P(explanation) (with the k best).

    Args:
        fn: function of n hashable symbols (or a ``Fold``) that returns a label, or None where they can't come together. It is
            called many times with the same symbols, and must return the same.
        domain: the symbols: n for 0 .. n - 1, or a sequence.
        k: explanations per sample.
        max_calls: sequences tried per sample from the most probable on; a sample that none explains is left out of that round.
        draws: sequences drawn per sample and round; 0: none.
        seed: of the draws and of the order of samples.

    Sources: Dai et al., 2019, https://arxiv.org/abs/1802.01173 (abduction); Manhaeve et al., 2021,
    https://proceedings.kr.org/2021/45/ (the k best proofs).

    >>> import numpy as np
    >>> from keraunos import programs
    >>> abduction = programs.Abduction(lambda a, b: a * b, domain=10)
    >>> log_probs = np.log(np.full((2, 10), 0.1))
    >>> sorted(symbols for symbols, _ in abduction.explain(log_probs, 35))
    [(5, 7), (7, 5)]
    """

    def __init__(
        self, fn: Callable, domain: Any = 10, k: int = 16, max_calls: int = 1000, draws: int = 300, seed: int = 0
    ):
        if not callable(fn):
            raise TypeError(f"Abduction: fn must be a function or a Fold, got {describe(fn)}.")
        for name, value in (("k", k), ("max_calls", max_calls)):
            if value < 1:
                raise ValueError(f"Abduction: {name} must be at least 1, got {value}.")
        self.fn, self.domain, self.k, self.max_calls = fn, symbols(domain, "Abduction"), k, max_calls
        self.draws, self._rng = draws, np.random.default_rng(seed)
        self._known: dict[tuple, Any] = {}

    def label(self, places):
        """The label of a sequence of symbol indices; each is computed once."""
        if places not in self._known:
            self._known[places] = plain(self.fn(*(self.domain[i] for i in places)))
        return self._known[places]

    def explain(self, log_probs, label):
        """[(symbols, log P(symbols))] of the most probable sequences with that label, best first, at most k.

        **Shape:** log_probs ``(n, D)``.
        """
        return [(self._named(places), p) for places, p in self._explanations(np.asarray(log_probs), label)]

    def _named(self, places):
        return tuple(self.domain[i] for i in places)

    def _explanations(self, log_probs, label):
        for count in sorted({min(FIRST * self.k, self.max_calls), self.max_calls}):
            tried = zip(*most_probable(log_probs, count))
            found = [(places, p) for places, p in tried if self.label(places) == label]
            if len(found) >= self.k:
                break
        return found[: self.k]

    def targets(self, log_probs, labels):
        """P(symbol in each place | label) by the explanations found, and which samples have any.

        **Shape:** log_probs ``(batch, n, D)``, labels of length batch; to ``(batch, n, D)`` and ``(batch,)`` of bools.
        """
        log_probs = np.asarray(log_probs, "float64")
        found = np.zeros_like(log_probs)
        for row, x, label in zip(found, log_probs, labels, strict=True):
            explanations = self._posterior(x, plain(label))
            for places, weight in explanations:
                row[np.arange(len(row)), list(places)] += weight
        return found.astype("float32"), found.any(axis=(1, 2))

    def _posterior(self, log_probs, label):
        """[(symbol indices, weight)] of explanations, weights of sum 1: drawn ones, or else the best."""
        drawn, counts = np.unique(self._drawn(log_probs), axis=0, return_counts=True)
        fits = [(s, n) for s, n in zip(map(tuple, drawn.tolist()), counts) if self.label(s) == label]
        total = sum(n for _, n in fits)
        if not fits:
            fits = self._explanations(log_probs, label)
            best = max((p for _, p in fits), default=0.0)
            fits = [(s, np.exp(p - best)) for s, p in fits]
            total = sum(w for _, w in fits)
        return [(s, w / total) for s, w in fits]

    def _drawn(self, log_probs):
        """Sequences drawn from P(symbols), (draws, n)."""
        below = np.exp(log_probs).cumsum(axis=1)  # (n, D)
        u = self._rng.random((self.draws, len(log_probs), 1)) * below[:, -1:]
        return (u > below).sum(axis=2)

    def predict(self, log_probs):
        """The label with the largest sum over the k most probable sequences, for each sample; None where none has a label.

        **Shape:** log_probs ``(batch, n, D)``, to a list of labels.
        """
        found = []
        for x in np.asarray(log_probs, "float64"):
            total: dict[Any, float] = {}
            for places, p in zip(*most_probable(x, self.k)):
                label = self.label(places)
                if label is not None:
                    total[label] = total.get(label, 0.0) + np.exp(p)
            found.append(max(total, key=total.__getitem__) if total else None)
        return found

    def fit(self, model, x, y, epochs=5, batch_size=32, round_size=256, verbose=0):
        """Train ``model``, from x to the logits of n symbols ``(batch, n, D)``, to give the labels y; returns a history.

        In each round of ``round_size`` samples the explanations are searched by the model as it is, then it is trained on them. A
        model that is not compiled gets Adam(0.001). Returns a dict of lists: "loss", and "explained", the share of samples
        for which there was an explanation. Raises ``ValueError`` when a whole epoch has none.
        """
        y = list(y.tolist() if isinstance(y, np.ndarray) else y)
        if not model.compiled:
            model.compile(Adam(), loss=CategoricalCrossentropy(from_logits=True))
        history: dict[str, list[float]] = {"loss": [], "explained": []}
        for epoch in range(epochs):
            losses, explained = [], 0
            for chosen in np.split(self._rng.permutation(len(y)), range(round_size, len(y), round_size)):
                log_probs = log_softmax(model.predict(x[chosen], batch_size=round_size, verbose=0))
                targets, found = self.targets(log_probs, [y[i] for i in chosen])
                explained += int(found.sum())
                weights = found.astype("float32")  # in place of leaving samples out: each round has the same shapes
                part = model.fit(x[chosen], targets, sample_weight=weights, batch_size=batch_size, verbose=0)
                losses.append(part.history["loss"][-1])
            if not explained:
                raise ValueError(
                    f"Abduction: none of {len(y)} labels was explained by {self.max_calls} sequences each. Are the labels results of "
                    "the function? Raise max_calls, or begin with shorter sequences."
                )
            history["loss"].append(float(np.mean(losses)))
            history["explained"].append(explained / len(y))
            if verbose:
                print(f"epoch {epoch + 1}: loss {history['loss'][-1]:.4f}, explained {history['explained'][-1]:.1%}")
        return history


def log_softmax(logits):
    """Logarithms of probabilities over the last dimension, in float64."""
    x = np.asarray(logits, "float64")
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def most_probable(log_probs: np.ndarray, count: int) -> tuple[list[tuple[int, ...]], np.ndarray]:
    """The ``count`` most probable sequences, best first: symbol indices, and log probabilities.

    Place by place: what is among the best of n places is, without its last place, among the best of n - 1.
    """
    places, total = np.zeros((1, 0), int), np.zeros(1)
    for row in log_probs:
        sums = (total[:, None] + row).ravel()  # (sequences x D,)
        kept = np.arange(len(sums)) if len(sums) <= count else np.sort(np.argpartition(-sums, count - 1)[:count])
        kept = kept[np.argsort(-sums[kept], kind="stable")]
        before, symbol = np.divmod(kept, len(row))
        places, total = np.column_stack([places[before], symbol]), sums[kept]
    return list(map(tuple, places.tolist())), total
