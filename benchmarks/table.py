"""From runs to a table: medians, ratios, goals met or missed, and whether all did the same work."""

from dataclasses import dataclass
from math import isfinite
from statistics import median

from benchmarks.case import KERAS, KERAUNOS, Case, Goal, Metric
from benchmarks.processes import Outcome

Results = dict[str, dict[str, Outcome]]  # case name, contender name


@dataclass(frozen=True)
class Summary:
    """A figure over several runs, in the metric's unit."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Verdict:
    """A goal beside what was reached; both are None when one of the two sides is missing."""

    text: str
    reached: float | None
    met: bool | None


@dataclass(frozen=True)
class Row:
    """One contender in one figure. Ratios are of medians; None where there is nothing to divide by."""

    contender: str
    summary: Summary | None
    to_keras: float | None
    to_best_by_hand: float | None


@dataclass(frozen=True)
class Comparison:
    """One figure of a case: all contenders, and keraunos's goals."""

    case: str
    metric: Metric
    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]


def summarise(values: list[float]) -> Summary | None:
    """Median and extremes; None of no values.

    >>> summarise([3.0, 1.0, 2.0])
    Summary(median=2.0, low=1.0, high=3.0)
    """
    return Summary(median(values), min(values), max(values)) if values else None


def figure(metric: Metric, outcome: Outcome | None) -> Summary | None:
    """What a contender's runs say of a metric, in its unit; None for a contender that is missing or failed."""
    if outcome is None or outcome.error is not None:
        return None
    return summarise([run["metrics"][metric.name][metric.clock] * metric.scale for run in outcome.runs])


def ratio(part: Summary | None, whole: Summary | None) -> float | None:
    """Ratio of two medians, None if one is missing."""
    return part.median / whole.median if part and whole and whole.median > 0 else None


def judge(goal: Goal, case: Case, results: Results, cases: dict[str, Case]) -> Verdict:
    """Hold keraunos's figure against one goal."""
    metric = case.metric(goal.metric)
    own = figure(metric, results[case.name].get(KERAUNOS))
    if goal.absolute:
        text, reached = metric.unit, own.median if own else None
    else:
        other_case = cases[goal.against_case or case.name]
        other = other_case.metric(goal.against_metric or goal.metric)
        reached = ratio(own, figure(other, results.get(other_case.name, {}).get(goal.against)))
        text = " ".join(part for part in ("×", goal.against, goal.against_case, goal.against_metric) if part)
    return Verdict(f"≤ {goal.limit:g} {text}", reached, None if reached is None else reached <= goal.limit)


def best_by_hand(case: Case, metric: Metric, outcomes: dict[str, Outcome]) -> Summary | None:
    """The hand-written contender with the smallest median."""
    figures = [figure(metric, outcomes.get(contender.name)) for contender in case.contenders if contender.by_hand]
    return min((found for found in figures if found), key=lambda found: found.median, default=None)


def compare(case: Case, results: Results, cases: dict[str, Case]) -> list[Comparison]:
    """The case's part of the table, a comparison for each metric; `cases` are those that a goal may point to."""
    outcomes, comparisons = results[case.name], []
    for metric in case.metrics:
        keras, hand = figure(metric, outcomes.get(KERAS)), best_by_hand(case, metric, outcomes)
        figures = {contender.name: figure(metric, outcomes[contender.name]) for contender in case.contenders}
        rows = tuple(Row(name, own, ratio(own, keras), ratio(own, hand)) for name, own in figures.items())
        goals = (goal for goal in case.goals if goal.metric == metric.name)
        verdicts = tuple(judge(goal, case, results, cases) for goal in goals)
        comparisons.append(Comparison(case.name, metric, rows, verdicts))
    return comparisons


def failures(case: Case, outcomes: dict[str, Outcome]) -> list[str]:
    """A sentence for each contender that could not run."""
    return [f"{case.name}: {name} failed: {outcome.error}" for name, outcome in outcomes.items() if outcome.error]


def check_value(outcome: Outcome) -> float | None:
    """Median of the values by which the work is compared."""
    return median(run["check"] for run in outcome.runs) if outcome.runs and outcome.error is None else None


def disagreements(case: Case, outcomes: dict[str, Outcome]) -> list[str]:
    """A sentence for each contender whose check value is not that of the reference: Keras, or the first that ran."""
    values = {name: value for name, outcome in outcomes.items() if (value := check_value(outcome)) is not None}
    if case.tolerance is None or not values:
        return []
    reference = KERAS if KERAS in values else next(iter(values))
    expected = values[reference]
    return [
        f"{case.name}: {name} did other work than {reference}: {case.check} is {value:.6g}, expected {expected:.6g} "
        f"within {case.tolerance:.3g} of it"
        for name, value in values.items()
        if not (isfinite(value) and abs(value - expected) <= case.tolerance * abs(expected))
    ]
