"""The rule is not given: which rule of a grammar, and which seeing of the symbols, explain the labels best together."""

from typing import Any, NamedTuple

import numpy as np

from keraunos.layers import Dense, Flatten, Input, TimeDistributed
from keraunos.losses import SparseCategoricalCrossentropy
from keraunos.models import Model, Sequential
from keraunos.optimizers import Adam
from keraunos.programs.hybrid.bank import Bank
from keraunos.programs.hybrid.domain import symbols
from keraunos.programs.hybrid.grammar import Expression
from keraunos.programs.hybrid.grammar import rules as all_rules
from keraunos.programs.hybrid.likelihood import NegativeLogLikelihood
from keraunos.programs.hybrid.program import Program
from keraunos.programs.hybrid.shortcuts import same_up_to_names
from keraunos.utils import set_random_seed

CELLS = 8_000_000  # of the largest array in the training of a bank: batch x rules x combinations
NATS_PER_PART = 2.5  # what a leaf or operator of a rule costs: about the logarithm of how many there are to choose from


class Ranked(NamedTuple):
    """A rule, and how it did: nats per sample of the validation data, and the description length by which rules are ranked."""

    rule: Expression
    nats: float
    length: float

    def __str__(self):
        return f"{self.rule.text:<24} {self.nats:6.3f} nats per sample, description {self.length:7.1f} nats"


class RuleInduction:
    """Finds a rule of two symbols, and learns to see the symbols, from the rule's results alone.

    For each rule of a grammar that can give the labels a small network is trained on -log P(label | rule), all side by side; the
    best go on (successive halving); the rule is the one with the shortest description of the validation labels and itself:
    Σ -log P(label) + 2.5 · (number of its leaves and operators). For lists of more than two symbols the rule is applied from left to
    right. Then ``perception`` learns what the best rule's small network sees, and goes on with that rule on all the data.

    Args:
        domain: the symbols, numbers: n for 0 .. n - 1, or a sequence.
        max_size: largest number of leaves and operators of a rule.
        rules: list of ``programs.Expression`` in place of the grammar's.
        perception: function of the shape of one symbol's input that returns a fresh network to logits ``(D,)``; default: one hidden layer.
        hidden: units of the small networks.
        epochs: of all rules, of the best ``keep``, of the perception.
        keep: how many rules go on.
        batch_size, seed: of training.

    Raises ``ValueError`` when no rule can give the labels.

    **Shape:** ``fit(x, y)`` with x ``(samples, n, ...)`` and y ``(samples,)`` of whole numbers or truth values.

    >>> import numpy as np
    >>> from keraunos import programs
    >>> bits = np.random.default_rng(0).integers(0, 2, size=(96, 2))
    >>> x = np.eye(2, dtype="float32")[bits] + 0.1
    >>> learner = programs.RuleInduction(domain=2, max_size=3, hidden=8, epochs=(20, 40, 40))
    >>> learner.fit(x, bits[:, 0] - bits[:, 1]).rule.text
    '(a - b)'
    """

    def __init__(
        self,
        domain: Any = 10,
        max_size: int = 5,
        rules: list[Expression] | None = None,
        perception: Any = None,
        hidden: int = 64,
        epochs: tuple[int, int, int] = (10, 30, 60),
        keep: int = 40,
        batch_size: int = 32,
        seed: int = 0,
    ):
        self.domain = symbols(domain, "RuleInduction")
        self.rules = all_rules(np.array(self.domain), max_size) if rules is None else list(rules)
        self.perception = perception or (lambda shape: default_perception(shape, len(self.domain)))
        self.hidden, self.epochs, self.keep = hidden, epochs, keep
        self.batch_size, self.seed = batch_size, seed
        self.ranking: list[Ranked] = []

    def fit(self, x, y, validation_split=0.2, verbose=0):
        """Find the rule, then train the perception; returns self. ``verbose`` 1 prints the best rules of each round."""
        x, y = np.asarray(x, "float32"), np.asarray(y)
        _check(x, y)
        labels, indices = np.unique(y, return_inverse=True)
        tables, rules = self._tables(x.shape[1], labels, y.dtype.kind == "b")
        order = np.random.default_rng(self.seed).permutation(len(x))
        held = max(1, round(validation_split * len(x)))
        features = x.reshape(*x.shape[:2], -1)
        bank, place = self._rank(features, indices.astype("int32"), order[held:], order[:held], tables, rules, verbose)
        self._train(x, y, bank.seen(features, place))
        return self

    # -- the rule ----------------------------------------------------------------------------------------------------------

    @property
    def rule(self):
        """The best rule, an ``Expression``."""
        return self.ranking[0].rule

    def _combinations(self, n):
        """The symbols of each of the Dⁿ combinations, n arrays."""
        return [v.ravel() for v in np.meshgrid(*[np.array(self.domain)] * n, indexing="ij")]

    def _tables(self, n, labels, truth):
        """(label indices (rules, Dⁿ), rules) of the rules that can give all labels, those with equal tables once."""
        columns = self._combinations(n)
        found = {}
        for rule in self.rules:
            values = rule(*columns)
            if (values.dtype.kind == "b") != truth or not np.isin(labels, values).all():
                continue
            table = np.searchsorted(labels, values).clip(0, len(labels) - 1)
            table = np.where(labels[table] == values, table, -1).astype(np.int32)
            found.setdefault(table.tobytes(), (table, rule))
        if not found:
            raise ValueError(
                f"RuleInduction: none of {len(self.rules):,} rules can give all of the labels {labels[:8].tolist()}… from the symbols "
                f"{self.domain}. Raise max_size, or give rules that can."
            )
        tables, rules = zip(*found.values())
        return np.stack(tables), list(rules)

    def _rank(self, x, y, train, held, tables, rules, verbose):
        chunk = max(1, CELLS // (self.batch_size * tables.shape[1]))
        arguments = x.shape[1:], len(self.domain), self.hidden, self.seed
        banks = []
        for i in range(0, len(tables), chunk):
            bank = Bank(tables[i : i + chunk], *arguments)
            bank.fit(x[train], y[train], self.epochs[0], self.batch_size)
            banks.append(bank)
        ranked = self._ranked(banks, rules, x[held], y[held], verbose)
        chosen = np.sort([i for i, _ in ranked[: self.keep]])
        bank = Bank.join(
            [b.keep(chosen[chosen // chunk == k] % chunk) for k, b in enumerate(banks) if k in chosen // chunk]
        )
        kept = [rules[i] for i in chosen]
        bank.fit(x[train], y[train], self.epochs[1], self.batch_size)
        ranked = self._ranked([bank], kept, x[held], y[held], verbose)
        self.ranking = [r for _, r in ranked]
        return bank, ranked[0][0]

    def _ranked(self, banks, rules, x, y, verbose):
        """[(number, Ranked)], shortest description first."""
        nats = np.concatenate([bank.nats(x, y, self.batch_size) for bank in banks])
        found = [
            Ranked(r, float(v), float(v * len(x) + NATS_PER_PART * r.size)) for r, v in zip(rules, nats, strict=True)
        ]
        ranked = sorted(enumerate(found), key=lambda pair: pair[1].length)
        if verbose:
            print(f"{len(rules)} rules:", *(f"  {r}" for _, r in ranked[:5]), sep="\n")
        return ranked

    def equivalents(self, within: float = 10.0):
        """Rules of the ranking that are the best one under other names of the symbols: [(Ranked, {symbol: its other name})].

        Labels can't tell these apart. ``within``: how many nats longer than the best their description may be.
        """
        n = self.program.table.arity
        table = self._outcome(self.rule, n)
        found = []
        for ranked in self.ranking[1:]:
            if ranked.length <= self.ranking[0].length + within:
                names = same_up_to_names(table, self._outcome(ranked.rule, n))
                if names is not None:
                    found.append((ranked, {self.domain[i]: self.domain[j] for i, j in enumerate(names)}))
        return found

    def _outcome(self, rule, n):
        return rule(*self._combinations(n)).reshape([len(self.domain)] * n)

    def shortcuts(self):
        """Other readings of the symbols under which the rule gives the same labels; see ``Program.shortcuts``."""
        return self.program.shortcuts()

    # -- the perception ----------------------------------------------------------------------------------------------------

    def _train(self, x, y, first_seen):
        """Train a fresh perception, first to what the bank saw, then from the labels through the rule."""
        set_random_seed(self.seed)
        self.sees, rule = self.perception(x.shape[2:]), self.rule
        self.sees.compile(Adam(2e-3), loss=SparseCategoricalCrossentropy(from_logits=True))
        images = x.reshape(-1, *x.shape[2:])
        self.sees.fit(
            images, first_seen.ravel(), epochs=max(1, self.epochs[2] // 4), batch_size=self.batch_size, verbose=0
        )
        inputs = Input(x.shape[1:])
        self.program = Program(lambda *s: np.asarray(rule(*s)).item(), self.domain, from_logits=True, name="rule")
        self.model = Model(inputs, self.program(TimeDistributed(self.sees)(inputs)))
        self.model.compile(Adam(1e-3), loss=NegativeLogLikelihood(), metrics=["accuracy"])
        self.model.fit(x, self.program.encode(y), epochs=self.epochs[2], batch_size=self.batch_size, verbose=0)

    def predict(self, x):
        """The most probable label of each sample, an array."""
        return np.array(self.program.decode(self.model.predict(np.asarray(x, "float32"), verbose=0)))

    def symbols(self, x):
        """What the perception sees: the most probable symbol of each input, (samples, ...) to (samples,)."""
        return np.array(self.domain)[np.argmax(self.sees.predict(np.asarray(x, "float32"), verbose=0), axis=-1)]


def default_perception(shape, size):
    """A network with one hidden layer to the logits of the symbols."""
    return Sequential([Input(shape), Flatten(), Dense(128, activation="relu"), Dense(size)])


def _check(x, y):
    if x.ndim < 3 or y.shape != x.shape[:1]:
        raise ValueError(
            f"RuleInduction: x must have shape (samples, n, ...) and y (samples,), got {x.shape} and {y.shape}."
        )
    if x.shape[1] < 2:
        raise ValueError(f"RuleInduction: a rule takes two symbols or more, x of shape {x.shape} has {x.shape[1]}.")
    if y.dtype.kind not in "biu":
        raise TypeError(f"RuleInduction: y must hold whole numbers or truth values, got dtype {y.dtype}.")
