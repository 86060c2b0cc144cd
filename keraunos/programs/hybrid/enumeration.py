"""A function of a few symbols as a table: every combination is tried once."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from keraunos.programs.hybrid.domain import Symbols, combinations, from_config, in_order, plain, to_config
from keraunos.programs.hybrid.marginals import no_label, of_combinations


class Enumeration(NamedTuple):
    """The label of each combination of symbols."""

    domains: tuple[Symbols, ...]
    labels: tuple
    outcome: np.ndarray  # (D1, ..., Dn) of label indices; len(labels) where there is no label

    @classmethod
    def of(cls, fn: Callable, domains: tuple[Symbols, ...], who: str, max_combinations: int) -> "Enumeration":
        """Run ``fn`` on every combination; None as its result says that the combination is impossible."""
        sizes = tuple(len(d) for d in domains)
        if math.prod(sizes) > max_combinations:
            raise ValueError(
                f"{who}: {' x '.join(map(str, sizes))} = {math.prod(sizes):,} combinations are more than max_combinations = "
                f"{max_combinations:,}. Write the function as a Fold, raise max_combinations, or train with abduction."
            )
        found = [plain(fn(*args)) for args in combinations(domains)]
        labels = in_order(label for label in found if label is not None)
        if not labels:
            raise ValueError(f"{who}: the function returned None for every combination of symbols.")
        place = {label: i for i, label in enumerate(labels)} | {None: no_label(labels)}
        return cls(domains, labels, np.array([place[f] for f in found], np.int32).reshape(sizes))

    @property
    def arity(self) -> int:
        """Number of symbols that it takes."""
        return len(self.domains)

    def log_marginals(self, log_probs: list) -> Any:
        """log P(label), from a (batch, D) array of log P(symbol) for each argument, to (batch, labels)."""
        return of_combinations(log_probs, self.outcome, len(self.labels))

    def result(self, args: tuple) -> int:
        """Index of the label of a combination of symbol indices."""
        return int(self.outcome[args])

    def to_config(self, who: str) -> dict:
        """It as plain data."""
        same = len(set(self.domains)) == 1
        domains = [to_config(d, who) for d in (self.domains[:1] if same else self.domains)]
        labels = [to_config(v, who) for v in self.labels]
        return {"domains": domains, "arity": self.arity, "labels": labels, "outcome": self.outcome.ravel().tolist()}

    @classmethod
    def from_config(cls, config: dict) -> "Enumeration":
        """The one that ``to_config`` wrote."""
        domains = tuple(from_config(d) for d in config["domains"])
        domains = domains * config["arity"] if len(domains) == 1 else domains
        labels = tuple(from_config(v) for v in config["labels"])
        outcome = np.array(config["outcome"], np.int32).reshape(tuple(len(d) for d in domains))
        if outcome.size and not 0 <= outcome.min() <= outcome.max() <= len(labels):
            raise ValueError("Malformed configuration of a Program: its table names labels that it does not have.")
        return cls(domains, labels, outcome)
