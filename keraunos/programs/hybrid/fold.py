"""Functions over sequences of symbols, as automata: their states are found by running the function."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

import numpy as np

from keraunos import ops
from keraunos.programs.hybrid.domain import Symbols, from_config, in_order, plain, symbols, to_config
from keraunos.programs.hybrid.marginals import no_label, of_paths, segment_logsumexp
from keraunos.util.errors import describe


class Fold:
    """A function of a sequence, given by what one more symbol does: ``state = step(state, symbol)``, ``label = final(state)``.

    Args:
        step: of the state and a symbol, returns the new state; None says that the sequence is impossible.
        start: the state before the first symbol. States must be hashable.
        final: of the last state, returns the label, or None where there is none; default: the state itself.
        lengths: the numbers of symbols that sequences may have, where they differ (the input then has a mask).
        max_states: an error is raised when more are reached.

    Called with symbols, it is the plain function. Raises ``TypeError`` for what is not callable or not hashable.

    >>> from keraunos import programs
    >>> number = programs.Fold(lambda value, digit: 10 * value + digit, start=0)
    >>> number(4, 0, 7)
    407
    """

    def __init__(
        self,
        step: Callable,
        start: Hashable,
        final: Callable | None = None,
        lengths: Iterable[int] | None = None,
        max_states: int = 50_000,
    ):
        for name, fn in (("step", step), ("final", final)):
            if not callable(fn) and not (name == "final" and fn is None):
                raise TypeError(f"Fold: {name} must be a function, got {describe(fn)}.")
        self.step, self.start, self.final = step, start, final
        self.lengths = None if lengths is None else tuple(sorted({int(n) for n in lengths}))
        if self.lengths is not None and (not self.lengths or self.lengths[0] < 0):
            raise ValueError(f"Fold: lengths must be numbers of symbols of at least 0, got {self.lengths}.")
        self.max_states = max_states

    def __call__(self, *sequence):
        state = self.start
        for symbol in sequence:
            state = plain(self.step(state, symbol))
            if state is None:
                return None
        return self.label(state)

    def label(self, state):
        """The label of a sequence that ends in ``state``."""
        return state if self.final is None else plain(self.final(state))


class Automaton(NamedTuple):
    """A fold as tables. State 0 is the first; a transition that is not there is impossible."""

    domain: Symbols
    labels: tuple
    source: np.ndarray  # (T,) state before
    symbol: np.ndarray  # (T,)
    target: np.ndarray  # (T,) state after
    outcome: np.ndarray  # (states,) label index; len(labels) where there is no label
    lengths: tuple[int, ...] | None  # numbers of symbols that it is good for; None: any

    @classmethod
    def of(cls, fold: Fold, domain: Any, length: int | None, who: str) -> "Automaton":
        """Run ``fold`` from its start, ``length`` symbols deep, or until no new state comes."""
        domain = symbols(domain, who)
        lengths = fold.lengths if fold.lengths is not None else None if length is None else (length,)
        transitions, ends = _explore(fold, domain, lengths, who)
        named = [(state, fold.label(state)) for state in ends]
        labels = in_order(label for _, label in named if label is not None)
        if not labels:
            raise ValueError(
                f"{who}: no sequence of length {lengths or 'any'} has a label: step or final returned None."
            )
        places = {label: i for i, label in enumerate(labels)} | {None: no_label(labels)}
        number = {fold.start: 0}
        for before, _, after in transitions:
            number.setdefault(before, len(number))
            number.setdefault(after, len(number))
        outcome = np.full(len(number), no_label(labels), np.int32)
        for state, label in named:
            outcome[number[state]] = places[label]
        moves = np.array([(number[a], s, number[b]) for a, s, b in transitions], np.int32).reshape(-1, 3)
        moves = moves[np.argsort(moves[:, 2], kind="stable")]  # by target, so that segments lie together
        source, symbol, target = moves.T
        return cls(domain, labels, source, symbol, target, outcome, lengths)

    @property
    def states(self) -> int:
        """Number of states."""
        return len(self.outcome)

    def log_marginals(self, log_probs: Any, mask: Any = None) -> Any:
        """log P(label) of each sequence: (batch, n, D) to (batch, labels)."""
        from_states = of_paths(log_probs, mask, self.source, self.symbol, self.target, self.states)
        found = segment_logsumexp(from_states, self.outcome, len(self.labels))  # (labels, batch)
        return ops.transpose(found)

    def result(self, sequence: Iterable[int]) -> int:
        """Index of the label of a sequence of symbol indices."""
        state, table = 0, self.table()
        for symbol in sequence:
            state = int(table[state, symbol])
            if state < 0:
                return no_label(self.labels)
        return int(self.outcome[state])

    def table(self) -> np.ndarray:
        """Transitions as (states, D) of states, -1 where impossible."""
        found = np.full((self.states, len(self.domain)), -1, np.int32)
        found[self.source, self.symbol] = self.target
        return found

    def to_config(self, who: str) -> dict:
        """It as plain data."""
        arrays = {k: getattr(self, k).tolist() for k in ("source", "symbol", "target", "outcome")}
        lengths = None if self.lengths is None else list(self.lengths)
        labels = [to_config(v, who) for v in self.labels]
        return {"domain": to_config(self.domain, who), "labels": labels, "lengths": lengths, **arrays}

    @classmethod
    def from_config(cls, config: dict) -> "Automaton":
        """The one that ``to_config`` wrote."""
        domain, labels = from_config(config["domain"]), tuple(from_config(v) for v in config["labels"])
        states = len(config["outcome"])
        ends = {"source": states, "symbol": len(domain), "target": states, "outcome": len(labels) + 1}
        arrays = {name: _indices(name, config[name], end) for name, end in ends.items()}
        if len({len(arrays[name]) for name in ("source", "symbol", "target")}) > 1:
            raise ValueError("Malformed configuration of a Program: its transitions have different lengths.")
        lengths = None if config["lengths"] is None else tuple(config["lengths"])
        return cls(domain, labels, lengths=lengths, **arrays)


def _indices(name: str, values: list, end: int) -> np.ndarray:
    """Numbers in [0, end) as they stand in a configuration."""
    found = np.array(values, np.int32)
    if found.ndim != 1 or (found.size and not 0 <= found.min() <= found.max() < end):
        raise ValueError(f"Malformed configuration of a Program: {name} must hold numbers in [0, {end}).")
    return found


def _explore(fold: Fold, domain: Symbols, lengths: tuple[int, ...] | None, who: str):
    """([(state, symbol index, state)], states that a sequence may end in), breadth first."""
    transitions: list[tuple] = []
    seen, layer, depth = {fold.start}, [fold.start], 0
    ends = dict.fromkeys(layer) if lengths is None or 0 in lengths else {}
    expanded: dict = {}  # state -> states after it
    while layer and (lengths is None or depth < lengths[-1]):
        following: dict = {}
        for state in layer:
            if state not in expanded:
                expanded[state] = _successors(fold, state, domain, who)
                transitions += [(state, i, after) for i, after in expanded[state]]
            following |= dict.fromkeys(after for _, after in expanded[state])
        depth += 1
        if lengths is None:
            following = {s: None for s in following if s not in seen}
        if lengths is None or depth in lengths:
            ends |= following
        seen |= following.keys()
        if len(seen) > fold.max_states:
            raise ValueError(
                f"{who}: after {depth} symbols the fold has reached more than max_states = {fold.max_states:,} states. Keep "
                "less in the state (a remainder, say), give lengths, or raise max_states."
            )
        layer = list(following)
    return transitions, list(ends)


def _successors(fold: Fold, state, domain: Symbols, who: str) -> list[tuple[int, Hashable]]:
    found = [(i, plain(fold.step(state, symbol))) for i, symbol in enumerate(domain)]
    for i, after in found:
        try:
            hash(after)
        except TypeError as e:
            raise TypeError(
                f"{who}: states of a fold must be hashable, but step({state!r}, {domain[i]!r}) returned {describe(after)}. "
                "Return a tuple in place of a list."
            ) from e
    return [(i, after) for i, after in found if after is not None]
