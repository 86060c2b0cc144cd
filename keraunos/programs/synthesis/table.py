"""``TableProgram``: a column of a table from other columns, by example."""

from collections.abc import Sequence

from keraunos.callbacks import CallbackList
from keraunos.models import Model
from keraunos.programs.synthesis.cells import check_table, column_values, relevance
from keraunos.programs.synthesis.dsl import find_dsl
from keraunos.programs.synthesis.examples import ContradictionError
from keraunos.programs.synthesis.result import Ambiguity, Rule, ambiguities
from keraunos.programs.synthesis.synthesize import Synthesis, synthesize
from keraunos.util import registry
from keraunos.util.optional import require

AUTOMATIC = 3  # columns tried at first where the user names none


class NoProgramFound(ValueError):
    """The search ended without a program that fits all examples."""


@registry.builtin("keras.programs")
class TableProgram(Model):
    """A model that learns to fill a column from the cells of it that are finished, and is a readable program.

    ``fit`` takes the rows in which the target is filled as examples. ``predict`` gives the whole column, ``fill`` a table whose
    missing cells are filled; a row with a missing cell that the program needs stays missing.

    Args:
        target: name of the column to learn.
        columns: names of the columns it may depend on; by default those that have most in common with it.
        dsl: name of the language; ``"strings"`` for texts, numbers and dates.
        time_limit: seconds for ``fit``.

    Raises ``ContradictionError`` (a ``ValueError``) in ``fit`` when two rows have equal inputs and different outputs, naming the
    rows; ``NoProgramFound`` (a ``ValueError``) when no program fits.

    >>> import pandas
    >>> from keraunos import programs
    >>> table = pandas.DataFrame({"name": ["Ada Lovelace", "Alan Turing", "Grace Hopper"],
    ...                           "short": ["A. Lovelace", "A. Turing", None]})
    >>> model = programs.TableProgram("short")
    >>> history = model.fit(table)
    >>> model.fill(table)["short"].tolist()
    ['A. Lovelace', 'A. Turing', 'G. Hopper']
    """

    def __init__(
        self, target, columns=None, dsl="strings", time_limit=10.0, programs=(), blank=(), name=None, **kwargs
    ):
        super().__init__(name=name, **kwargs)
        self.target = target
        self.columns = None if columns is None else list(columns)
        self.dsl = dsl if isinstance(dsl, str) else dsl.name
        self.time_limit = time_limit
        self.blank = list(blank)  # columns whose missing cells the examples treat as empty texts
        self.synthesis: Synthesis | None = None
        self._rules = tuple(Rule.from_config(config) for config in programs)

    # -- what it has found -----------------------------------------------------------------------------------------

    @property
    def programs(self) -> list[Rule]:
        """The programs that fit all examples, best first."""
        return list(self._rules)

    @property
    def best(self) -> Rule:
        """The program in use; ``RuntimeError`` before ``fit``."""
        if not self._rules:
            raise RuntimeError(f"TableProgram {self.name!r} has no program yet: call fit(table) first.")
        return self._rules[0]

    def source(self, function: str = "transform") -> str:
        """The program as a Python function of the columns that it needs."""
        return self.best.source(function, used_only=True)

    def ambiguities(self, table=None, limit: int = 5) -> list[Ambiguity]:
        """The rows on which the programs that fit differ: fill these by hand, and call ``fit`` again.

        Without a table, the rows without a target in that of ``fit`` are looked at.
        """
        if table is None:
            return self.synthesis.ambiguities(limit=limit) if self.synthesis else []
        rows = [row for row in self._rows(table) if None not in row]
        return ambiguities(self.programs, rows, limit)

    # -- fit, predict, evaluate ----------------------------------------------------------------------------------------

    def fit(self, table, verbose="auto", callbacks=None, state=None, prior=None):
        """Search the program. Callbacks see each level of the search as an epoch, with the logs nodes, cost and seconds.

        Args:
            table: pandas DataFrame with the target column, filled in some rows.
            verbose: 0 for no progress bar; "auto" shows one on a terminal once the search takes longer than a second.
            callbacks: list of ``keraunos.callbacks.Callback``.
            state: path of a file in which an unfinished search is kept, and from which it goes on.
            prior: a fitted ``RecognitionModel``.
        """
        who = f"TableProgram({self.target!r}).fit"
        check_table(table, who, [self.target, *(self.columns or ())])
        outputs = column_values(table[self.target])
        rows = [i for i, v in enumerate(outputs) if v is not None]
        if not rows:
            raise ValueError(f"{who}: no cell of the column {self.target!r} is filled: fill two or three by hand.")
        wanted = [outputs[i] for i in rows]
        values = {c: column_values(table[c]) for c in (self.columns or table.columns) if c != self.target}
        if not values:
            raise ValueError(f"{who}: there is no other column than {self.target!r} to compute it from.")
        events = CallbackList(callbacks, add_history=True, model=self)
        events.on_train_begin()
        for names in self._choices(values, rows, wanted):
            self.synthesis = self._search(table, names, values, rows, wanted, verbose, events, state, prior)
            if self.synthesis.programs:
                break
        events.on_train_end()
        if not self.synthesis.programs:
            raise NoProgramFound(
                f"{who}: no program of the language {self.dsl!r} found for the {len(rows)} examples in {self.time_limit:g} s. "
                "Check the examples, name the columns it depends on (columns=[...]), or give more time."
            )
        self._rules = tuple(self.synthesis.programs)
        self.history = events.history
        return self.history

    def _choices(self, values, rows, wanted):
        """The columns to try, as lists of names: those named, or first the most telling and then all."""
        if self.columns is not None:
            return [self.columns]
        score = {c: relevance([v[i] for i in rows], wanted) for c, v in values.items()}
        ordered = sorted(values, key=lambda c: -score[c])
        telling = [c for c in ordered[:AUTOMATIC] if score[c] > 0] or ordered[:AUTOMATIC]
        shown = [c for c in values if c in telling]  # in the order of the table
        return [shown] if len(shown) == len(values) else [shown, list(values)]

    def _search(self, table, names, values, rows, wanted, verbose, events, state, prior):
        self.blank = [c for c in names if any(values[c][i] is None for i in rows)]
        cells = [self._filled(c, values[c]) for c in names]
        inputs = list(zip(*cells))
        others = [row for i, row in enumerate(inputs) if i not in set(rows) and None not in row]
        examples = [(inputs[i], w) for i, w in zip(rows, wanted)]
        watch = _Watch(self, events)
        try:
            return synthesize(
                examples,
                find_dsl(self.dsl),
                inputs=others,
                time_limit=self.time_limit,
                names=identifiers(names),
                columns=names,
                verbose=verbose,
                watch=watch,
                state=state,
                prior=prior,
            )
        except ContradictionError as e:
            labels = list(table.index)
            pairs = [(labels[rows[a]], labels[rows[b]]) for a, b in e.pairs]
            a, b = e.pairs[0]
            raise ContradictionError(
                f"TableProgram({self.target!r}).fit: rows {pairs[0][0]!r} and {pairs[0][1]!r} contradict each other: from equal "
                f"{names} = {examples[a][0]!r} they make {wanted[a]!r} and {wanted[b]!r}. Contradicting rows: {pairs}.",
                pairs,
            ) from None

    def _filled(self, column, values):
        """Missing cells as empty texts where an example does so."""
        return ["" if v is None and column in self.blank else v for v in values]

    def _rows(self, table) -> list[tuple]:
        check_table(table, f"TableProgram({self.target!r})", self.used)
        columns = [
            self._filled(c, column_values(table[c])) if c in self.used else [None] * len(table)
            for c in self.inputs_named
        ]
        return list(zip(*columns))

    @property
    def inputs_named(self) -> list:
        """The columns that the program was searched with."""
        return list(self.best.columns)

    @property
    def used(self) -> list:
        """The columns that the program needs."""
        return [c for i, c in enumerate(self.best.columns) if i in self.best.used_inputs]

    def predict(self, table, verbose=0):
        """The target column, computed for every row: a pandas Series; None where the program has no value.

        Raises ``ValueError`` when a column that the program needs is not there.
        """
        pandas = require("pandas", who="TableProgram.predict", extra="programs")
        results = self.best.map(self._rows(table))
        kinds = {type(v) for v in results if v is not None}
        dtype = {frozenset({float}): "float64"}.get(frozenset(kinds), object)
        if len(kinds) == 1 and kinds <= {int, bool} and None not in results:
            dtype = None
        return pandas.Series(results, index=table.index, name=self.target, dtype=dtype)

    def fill(self, table, overwrite: bool = False):
        """A copy of the table in which the missing cells of the target are filled; ``overwrite`` computes finished ones too."""
        predicted = self.predict(table)
        filled = table.copy()
        if overwrite or self.target not in table.columns:
            filled[self.target] = predicted
            return filled
        now = column_values(table[self.target])
        cells = [p if v is None else v for v, p in zip(now, predicted.tolist())]
        filled[self.target] = type(predicted)(cells, index=table.index, dtype=None if None not in cells else object)
        return filled

    def evaluate(self, table, return_dict: bool = False, verbose=0):
        """Share of the filled cells of the target that the program gives exactly."""
        check_table(table, f"TableProgram({self.target!r}).evaluate", [self.target])
        wanted = column_values(table[self.target])
        got = [find_dsl(self.dsl).goal(v)[1] if v is not None else None for v in self.best.map(self._rows(table))]
        filled = [(g, find_dsl(self.dsl).goal(w)[1]) for g, w in zip(got, wanted) if w is not None]
        if not filled:
            raise ValueError(f"TableProgram.evaluate: no cell of the column {self.target!r} is filled.")
        accuracy = sum(g == w for g, w in filled) / len(filled)
        return {"accuracy": accuracy} if return_dict else accuracy

    # -- showing, saving -----------------------------------------------------------------------------------------------

    def summary(self, print_fn=print, **_):
        """Print the target, the columns in use, and the program as Python."""
        print_fn(f'TableProgram "{self.name}": {self.target!r} from {self.used}, {len(self._rules)} programs fit\n')
        print_fn(self.source())

    def call(self, inputs):
        raise NotImplementedError("TableProgram computes on tables, not on tensors: use predict(table) or fill(table).")

    def get_config(self):
        """Arguments that make an equal model, the programs as plain data among them."""
        return {
            "target": self.target,
            "columns": self.columns,
            "dsl": self.dsl,
            "time_limit": self.time_limit,
            "programs": [rule.get_config() for rule in self._rules],
            "blank": self.blank,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        """The model that ``get_config`` describes. Programs are data: nothing in them is executed as code."""
        return cls(**config)


class _Watch:
    """Tells callbacks of each level; a callback that sets ``model.stop_training`` ends the search."""

    def __init__(self, model, events):
        self.model, self.events = model, events
        model.stop_training = False

    def __call__(self, level: int, logs: dict) -> bool:
        self.events.on_epoch_begin(level)
        self.events.on_epoch_end(level, logs)
        return self.model.stop_training


def identifiers(columns: Sequence) -> list[str]:
    """Python names for columns: "First name" is first_name; unique."""
    found: list[str] = []
    for column in columns:
        name = "".join(c if c.isalnum() else "_" for c in str(column)).strip("_").lower() or "column"
        name = name if name.isidentifier() and name not in _TAKEN else f"column_{name}"
        while name in found:
            name += "_"
        found.append(name)
    return found


_TAKEN = frozenset(
    "and as assert class def del elif else except for from global if import in is lambda not or pass raise return try while with "
    "str int float bool len abs date number format reversed true false none re datetime unicodedata".split()
)
