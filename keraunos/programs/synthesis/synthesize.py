"""``synthesize``: from examples to ranked programs."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from keraunos.programs.synthesis import result as results
from keraunos.programs.synthesis.dsl import DSL
from keraunos.programs.synthesis.examples import (
    Examples,
    as_row,
    check_contradictions,
    distinct,
    diverse,
    input_types,
    read_examples,
    read_rows,
)
from keraunos.programs.synthesis.library import inlined
from keraunos.programs.synthesis.oddity import oddity
from keraunos.programs.synthesis.progress import SearchProgress
from keraunos.programs.synthesis.result import Ambiguity, Rule
from keraunos.programs.synthesis.search import Search
from keraunos.programs.synthesis.state import read_state, restore_bank, write_state
from keraunos.programs.synthesis.strings import strings
from keraunos.util.errors import describe

WORKING = 6  # examples that a search looks at; the others check what it finds
PROBES = 4  # inputs without outputs that tell programs apart
ENOUGH = 2  # given inputs from which on none are made up
SEEN = 100  # inputs without outputs on which programs are tried
FIRST_NODES = 30_000  # nodes after which the costs are learnt anew from what has been half solved
GROWTH = 2  # each later search may take so many times more
FEW, MANY = 4, 12  # examples among which a wrong one is looked for
KEPT = 20  # programs in the result


class Synthesis:
    """The result of ``synthesize``: the programs that fit all examples, best first.

    Attributes: ``programs`` (list of ``Rule``), ``best`` (the first, or None), ``nodes`` (expressions tried), ``seconds``,
    ``finished`` (False when time or Ctrl-C ended the search).
    """

    def __init__(
        self,
        examples: Examples,
        dsl: DSL,
        inputs: list[tuple],
        names: Sequence[str],
        columns=None,
        state=None,
        prior=None,
    ):
        self.examples, self.dsl, self.inputs, self.names = examples, dsl, inputs, tuple(names)
        self.columns, self.state, self.prior = columns, state, prior
        self.finished = False
        self.programs: list[Rule] = []
        self.nodes, self.seconds = 0, 0.0
        self._working = diverse(examples, WORKING)
        self._search: Search | None = None
        self._costs: dict[str, int] | None = None  # learnt during the search, on another scale than the language's
        self._budget = FIRST_NODES
        self._seen: list | None = None
        self._wanted = [dsl.goal(o) for o in examples.outputs]
        if state is not None:
            self._restore()

    @property
    def best(self) -> Rule | None:
        """The cheapest program that fits all examples, None when none was found."""
        return self.programs[0] if self.programs else None

    def ambiguities(self, inputs: Iterable | None = None, limit: int = 5) -> list[Ambiguity]:
        """The inputs on which the programs found differ, the most telling first: ask for the output of these.

        Args:
            inputs: where to look; by default the inputs without outputs that ``synthesize`` was given.
            limit: how many at most.
        """
        return results.ambiguities(self.programs, self.inputs if inputs is None else inputs, limit)

    def suspects(self, time_limit: float = 1.0) -> list[int]:
        """Positions of examples that look wrong: without one of them a program at most half as dear explains all others.

        A dear program may be right, and these the exceptions to a rule: look at them. Needs four examples.
        """
        count = len(self.examples.outputs)
        if self.best is None or not FEW <= count <= MANY:
            return []
        prices = {}
        for i in range(count):
            rest = Examples(*([v for k, v in enumerate(column) if k != i] for column in self.examples))
            found = Synthesis(rest, self.dsl, self.inputs, self.names, prior=self.prior).resume(time_limit)
            if found.best is not None:
                prices[i] = found.best.cost
        cheap = min(prices.values(), default=self.best.cost)
        return [i for i, price in prices.items() if price == cheap and 2 * price <= self.best.cost]

    def resume(self, time_limit: float = 10.0, verbose=0, watch: Callable | None = None):
        """Search on where the last call stopped; returns itself. Ctrl-C ends it with what has been found so far.

        Args:
            time_limit: seconds.
            verbose: 1 shows the progress, "auto" does on a terminal.
            watch: function of (level, dict of nodes, cost, seconds), called after each level; a true result ends the search.
        """
        started = time.perf_counter()
        until = started + time_limit
        try:
            with SearchProgress(verbose, until) as shown:
                while self._advance(until, shown, watch):
                    pass
        except KeyboardInterrupt:
            self._collect()
        finally:
            self.seconds += time.perf_counter() - started
        if self.state is not None:
            self._keep_state()
        return self

    def _advance(self, until: float, shown: SearchProgress, watch) -> bool:
        """One search on the working examples; True when an example outside of them says that there must be another."""
        search = self._search = self._search or self._new_search()
        before, ended = search.nodes, []

        def stop():
            shown.update(search)
            return bool(ended) or time.perf_counter() > until

        def restart():
            return stop() or (not search.solutions and search.nodes > self._budget)

        def on_level(search):
            logs = {"nodes": search.nodes, "cost": search.best_cost, "seconds": time.perf_counter() - search.resumed}
            if watch is not None and watch(search.level, logs):
                ended.append(True)

        try:
            self.finished = search.advance(restart, on_level=on_level)
        finally:
            self.nodes += search.nodes - before
        if self._collect():
            return not stop()
        if not self.finished and not search.solutions and search.nodes > self._budget:
            self._learn(search)
            return not stop()
        return False

    def _learn(self, search: Search):
        """Start the search again with costs learnt from what it has half solved, and let the next one grow larger."""
        self._budget *= GROWTH
        costs = search.learnt_costs(self._prior_costs())
        if costs is not None and costs != self._costs:
            self._costs = costs
            self._search = self._new_search(costs)

    def _collect(self) -> bool:
        """Check what the search has on all examples; True when one outside of the working ones refutes every program."""
        found = self._search.solutions.values() if self._search else ()
        programs = sorted((self._rule(e) for e in found), key=lambda rule: rule.cost)
        wrong = [self._first_wrong(rule) for rule in programs]
        self.programs = self._ranked([rule for rule, w in zip(programs, wrong) if w is None])
        if self.programs or not programs:
            return False
        self._working = sorted({*self._working, *(w for w in wrong[:1] if w is not None)})
        self._search, self.finished = None, False
        return True

    def _rule(self, entry) -> Rule:
        """A program with its cost in the language, whatever the costs of the search were."""
        expression = inlined(entry.expression())
        return Rule(expression, self.dsl.base or self.dsl, self.names, entry.plain_cost, self.columns)

    def _keep_state(self):
        """Write the unfinished search, or remove the file of a finished one."""
        if self.finished and self.programs:
            Path(self.state).unlink(missing_ok=True)
        else:
            write_state(self.state, self.examples, self._search, self._working, self._budget)

    def _restore(self):
        """Take up the search that the state's file holds, if there is one."""
        content = read_state(self.state, self.examples)
        if content is not None:
            self._working, self._budget = content["working"], content["budget"]
            self._costs = content["costs"] if content["scaled"] else None
            search = self._search = self._new_search(content["costs"])
            restore_bank(search, content["bank"])
            for name in ("level", "nodes", "seconds", "pending"):
                setattr(search, name, content[name])

    def _new_search(self, costs=None) -> Search:
        working = Examples(*([column[i] for i in self._working] for column in self.examples))
        goals = {g for g, _ in self._wanted}
        if len(goals) > 1:
            raise ValueError(f"synthesize: all outputs must be of one type, got {sorted(map(str, goals))}.")
        constants = self.dsl.observe(*working) if self.dsl.observe else ()
        types = input_types(self.examples.inputs, self.dsl)
        rows = read_rows([*working.inputs, *self._probes()], self.dsl)
        wanted = [self._wanted[i][1] for i in self._working]
        literal = self.dsl.literal and self.dsl.literal(working.inputs)
        costs = costs or self._costs or self._prior_costs()
        scaled = self._costs is not None
        return Search(self.dsl, rows, wanted, goals.pop(), types, constants, costs, literal, self._penalty, scaled)

    def _prior_costs(self) -> dict[str, int]:
        """What the prior says after a look at the working examples; nothing without one."""
        if self.prior is None:
            return {}
        return self.prior.costs([(self.examples.inputs[i], self.examples.outputs[i]) for i in self._working], self.dsl)

    def _probes(self) -> list[tuple]:
        """Inputs without outputs that tell programs apart: some given, some made up."""
        chosen = diverse(Examples(self.inputs, [""] * len(self.inputs)), PROBES)
        varied = self.dsl.vary(self.examples.inputs) if self.dsl.vary and len(chosen) < ENOUGH else []
        return [*(self.inputs[i] for i in chosen), *varied]

    def _first_wrong(self, rule: Rule) -> int | None:
        """The first example on which a program is wrong."""
        got = rule.map(self.examples.inputs)
        return next((i for i, (g, (_, w)) in enumerate(zip(got, self._wanted)) if g is None or g != w), None)

    def _penalty(self, entry) -> float:
        """How odd the results of a solution are."""
        return self._oddity(inlined(entry.expression()))

    def _oddity(self, expression) -> float:
        if self._seen is None:
            self._seen = read_rows(self.inputs[:SEEN], self.dsl)
        return oddity([expression(row) for row in self._seen], self.inputs[:SEEN], self.examples)

    def _ranked(self, programs: list[Rule]) -> list[Rule]:
        """By cost, and by how odd the results look on the inputs without outputs."""
        penalties = [self._oddity(rule.expression) for rule in programs]
        order = sorted(range(len(programs)), key=lambda i: programs[i].cost + penalties[i])
        return [programs[i] for i in order][:KEPT]

    def __repr__(self):
        best = f"best: {self.best}" if self.best else "no program found"
        return f"<Synthesis: {len(self.programs)} programs from {len(self.examples.outputs)} examples; {best}>"


def synthesize(
    examples,
    dsl: DSL = strings,
    *,
    inputs: Iterable = (),
    time_limit: float = 10.0,
    names: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    verbose=0,
    watch: Callable | None = None,
    state=None,
    prior=None,
) -> Synthesis:
    """Search the programs of a language that give the outputs of all examples, and rank them.

    Args:
        examples: pairs (input, output), or a dict; a tuple as input means several inputs.
        dsl: the language; ``programs.strings`` for texts, numbers and dates.
        inputs: further inputs, without outputs (the rest of the column): programs that fail there rank lower, and
            ``ambiguities()`` asks about them.
        time_limit: seconds.
        names: of the inputs, in the printed programs.
        columns: of a table, that the inputs are; kept with the programs.
        verbose: 1 shows the progress, "auto" does on a terminal. Ctrl-C ends the search with the best so far.
        watch: function of (level, logs) called after each level; a true result ends the search.
        state: path of a file in which an unfinished search is kept, and from which it goes on.
        prior: a fitted ``RecognitionModel``, which weighs the parts of the language after a look at the examples.

    Raises ``ContradictionError`` (a ``ValueError``) when two examples have equal inputs and different outputs.

    >>> from keraunos import programs
    >>> found = programs.synthesize([("2024-03-01", "1 Mar 2024"), ("2023-11-25", "25 Nov 2023")])
    >>> found.best("1999-12-31")
    '31 Dec 1999'
    """
    read = read_examples(examples)
    check_contradictions(read)
    if not isinstance(dsl, DSL):
        raise TypeError(f"synthesize: dsl must be a programs.DSL, such as programs.strings, got {describe(dsl)}.")
    width = len(read.inputs[0])
    names = list(names) if names is not None else (["x"] if width == 1 else [f"x{i + 1}" for i in range(width)])
    if len(names) != width:
        raise ValueError(f"synthesize: names must name the {width} inputs, got {names}.")
    known = set(map(str, read.inputs))
    rest = [row for row in map(as_row, inputs) if str(row) not in known]
    return Synthesis(read, dsl, distinct(rest), names, columns, state, prior).resume(time_limit, verbose, watch)
