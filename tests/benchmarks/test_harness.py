"""The benchmarks' own arithmetic, and that a result file is whole or not there. Nothing is timed here."""

import json
import os
import sys
from math import isnan
from pathlib import Path

import pytest

from benchmarks import command, processes, report
from benchmarks.case import KERAS, KERAUNOS, Case, Contender, Goal, Metric, by_hand, through_keras
from benchmarks.cases import ALL
from benchmarks.cases.on_torch import KERAS_TORCH
from benchmarks.processes import Outcome, in_turn, last_line, parse, run_case
from benchmarks.table import Summary, best_by_hand, compare, disagreements, failures, figure, summarise

STEP = Metric("step", "fit, per step", "ms", 1e3)
CASE = Case(
    name="toy",
    about="nothing",
    contenders=(*through_keras("toys:run"), by_hand("jax step", "toys:hand"), by_hand("jax scan", "toys:hand")),
    metrics=(STEP,),
    goals=(Goal("step", 0.25, against=KERAS), Goal("step", 1.3, against="jax scan")),
    check="loss",
    tolerance=0.01,
)


def outcome(*seconds, check=1.0, error=None):
    runs = [{"metrics": {"step": {"cpu": s, "wall": 2 * s}}, "check": check} for s in seconds]
    return Outcome(runs, error)


def toy_results(keraunos=(0.002, 0.001, 0.003)):
    outcomes = {
        KERAUNOS: outcome(*keraunos),
        KERAS: outcome(0.010, 0.012, 0.008),
        "jax step": outcome(0.004),
        "jax scan": outcome(0.001, 0.002),
    }
    return {"toy": outcomes}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([2.0], Summary(2.0, 2.0, 2.0)),
        ([3.0, 1.0, 2.0], Summary(2.0, 1.0, 3.0)),
        ([1.0, 4.0], Summary(2.5, 1.0, 4.0)),
    ],
)
def test_summarise(values, expected):
    assert summarise(values) == expected


@pytest.mark.parametrize(("clock", "expected"), [("cpu", 2.0), ("wall", 4.0)])
def test_figure_is_in_the_unit_of_the_metric(clock, expected):
    assert figure(Metric("step", "", "ms", 1e3, clock), outcome(0.002)).median == expected


def test_figure_of_one_that_failed_midway_is_none():
    assert figure(STEP, outcome(0.002, error="killed")) is None


def test_comparison_has_a_row_per_contender_and_ratios_of_medians():
    (comparison,) = compare(CASE, toy_results(), {"toy": CASE})
    ratios = {row.contender: (row.to_keras, row.to_best_by_hand) for row in comparison.rows}
    assert ratios == {
        KERAUNOS: pytest.approx((0.2, 2 / 1.5)),
        KERAS: pytest.approx((1.0, 10 / 1.5)),
        "jax step": pytest.approx((0.4, 4 / 1.5)),
        "jax scan": pytest.approx((0.15, 1.0)),
    }
    assert best_by_hand(CASE, STEP, toy_results()["toy"]).median == 1.5


@pytest.mark.parametrize(
    ("keraunos", "met"),
    [((0.0015,), (True, True)), ((0.002,), (True, False)), ((0.003,), (False, False)), ((), (None, None))],
)
def test_goals(keraunos, met):
    (comparison,) = compare(CASE, toy_results(keraunos), {"toy": CASE})
    assert tuple(verdict.met for verdict in comparison.verdicts) == met
    assert [verdict.text for verdict in comparison.verdicts] == ["≤ 0.25 × keras[jax]", "≤ 1.3 × jax scan"]


def test_goal_that_is_absolute_and_goal_against_another_case():
    other = Case("other", "", CASE.contenders, (STEP,), (Goal("step", 5, "", absolute=True),))
    cached = Case("cached", "", CASE.contenders, (STEP,), (Goal("step", 0.25, KERAS, against_case="toy"),))
    cases = {case.name: case for case in (CASE, other, cached)}
    results = toy_results() | {"other": toy_results()["toy"], "cached": toy_results((0.004,))["toy"]}
    assert compare(other, results, cases)[0].verdicts[0].met
    verdict = compare(cached, results, cases)[0].verdicts[0]
    assert (verdict.met, verdict.reached, verdict.text) == (False, pytest.approx(0.4), "≤ 0.25 × keras[jax] toy")
    del results["toy"]  # the other case was not run
    assert compare(cached, results, cases)[0].verdicts[0].met is None


@pytest.mark.parametrize(
    ("check", "warned"), [(1.0, False), (1.009, False), (1.02, True), (0.98, True), (float("nan"), True)]
)
def test_other_work_is_reported(check, warned):
    outcomes = toy_results()["toy"] | {KERAUNOS: outcome(0.001, check=check)}
    sentences = disagreements(CASE, outcomes)
    assert bool(sentences) == warned
    assert all(KERAUNOS in sentence and "loss" in sentence for sentence in sentences)


def test_work_is_compared_with_the_first_that_ran_if_keras_did_not():
    outcomes = toy_results()["toy"] | {KERAS: outcome(error="No module named 'keras'"), "jax scan": outcome(1, check=2)}
    assert len(disagreements(CASE, outcomes)) == 1
    assert failures(CASE, outcomes) == ["toy: keras[jax] failed: No module named 'keras'"]


def test_each_contender_is_first_once():
    rounds = [in_turn("abc", round) for round in range(4)]
    assert ["".join(order) for order in rounds] == ["abc", "bca", "cab", "abc"]


def test_a_child_is_read_by_its_marked_line_only():
    assert parse('noise\nbenchmark result: {"check": 1.0}\nmore noise\n') == {"check": 1.0}
    assert parse("noise\n") is None
    assert last_line("Traceback\nValueError: no\n\n") == "ValueError: no"
    assert last_line("") == "no message"


TOYS = """
import os, sys
def run(module, quick):
    if module == "keraunos":
        raise ValueError("first line\\nlast line")
    check = float("nan") if module == "nan" else float(os.environ["OMP_NUM_THREADS"])
    return {"metrics": {"step": {"cpu": 0.5, "wall": 1.0}}, "check": check}
def hand(quick):
    try:
        import sqlite3
    except ImportError:
        return {"metrics": {"step": {"cpu": 0.25, "wall": 1.0}}, "check": 1.0}
def silent(quick):
    sys.exit(0)
"""


def test_contenders_run_in_processes_of_their_own_and_one_that_fails_stops_nobody(tmp_path, monkeypatch):
    (tmp_path / "toys.py").write_text(TOYS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    contenders = (*CASE.contenders[:3], Contender("silent", "toys:silent"))
    contenders += (Contender("nan", "toys:run", {"module": "nan"}),)
    case = Case("toy", "", contenders, (STEP,), (), hidden=("sqlite3",))
    said = []
    outcomes = run_case(case, repeats=2, quick=True, core=None, report=said.append)
    assert outcomes[KERAUNOS] == Outcome([], "last line")
    assert [run["check"] for run in outcomes[KERAS].runs] == [1.0, 1.0]
    assert len(outcomes["jax step"].runs) == 2
    assert outcomes["silent"].error == "no message"
    assert isnan(outcomes["nan"].runs[0]["check"])
    assert len(said) == 3 * 2 + 1 + 1


def test_a_child_that_hangs_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "toys.py").write_text("import time\ndef hand(quick): time.sleep(60)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(processes, "LIMIT", 1)
    case = Case("toy", "", CASE.contenders[2:3], (STEP,), ())
    assert run_case(case, 1, True, None, str)["jax step"].error == "no result within 1 s"


def test_a_kept_home_is_the_same_one_in_each_round_after_a_warm_up(tmp_path, monkeypatch):
    (tmp_path / "toys.py").write_text(
        "import os, pathlib\n"
        "def hand(quick):\n"
        "    file = pathlib.Path(os.environ['CACHE'], 'seen')\n"
        "    file.write_text(file.read_text() + 'x' if file.exists() else 'x')\n"
        "    return {'metrics': {}, 'check': len(file.read_text())}\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    place = {"CACHE": "{home}"}
    for keeps, expected in [(True, [2, 3]), (False, [1, 1])]:
        case = Case("toy", "", CASE.contenders[2:3], (), (), keeps_home=keeps, environment=place)
        runs = run_case(case, 2, True, None, str)["jax step"].runs
        assert [run["check"] for run in runs] == expected


def test_result_file_is_written_whole(tmp_path):
    path = tmp_path / "results" / "latest.md"
    report.write_whole(path, "old")
    report.write_whole(path, "new ÷\n")
    assert path.read_text(encoding="utf-8") == "new ÷\n"
    assert os.listdir(path.parent) == ["latest.md"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_result_file_stays_as_it_was_if_writing_fails(tmp_path, monkeypatch, step):
    path = tmp_path / "latest.json"
    report.write_whole(path, "old")

    def full(*arguments):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="no space left"):
        report.write_whole(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["latest.json"]


def test_main_writes_both_files_and_fails_only_with_keraunos(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "warm_files", lambda: None)
    monkeypatch.setattr(command, "ALL", {"toy": CASE})
    for broken, code in [(KERAUNOS, 1), (KERAS, 0)]:
        outcomes = toy_results()["toy"] | {broken: outcome(error="ImportError: [no] package")}
        monkeypatch.setattr(command, "run_case", lambda *arguments, outcomes=outcomes: outcomes)
        assert command.main(["--results", str(tmp_path)]) == code
        raw = json.loads((tmp_path / "latest.json").read_text())
        assert raw["runs"]["toy"][broken]["error"] == "ImportError: [no] package"
        assert raw["machine"]["python"] == sys.version.split()[0]
        for text in ((tmp_path / "latest.md").read_text(), capsys.readouterr().out):
            assert f"toy: {broken} failed: ImportError: [no] package" in " ".join(text.split())


def test_unknown_case_is_refused_by_name(capsys):
    with pytest.raises(SystemExit):
        command.parse(["--cases", "mlp,nothing"])
    assert "got nothing" in capsys.readouterr().err


@pytest.mark.parametrize("case", ALL.values(), ids=list(ALL))
def test_cases_are_sound(case):
    names = [contender.name for contender in case.contenders]
    keras = None if case.name in ("ops-numpy", "ops-torch") else KERAS_TORCH if "-torch" in case.name else KERAS
    assert names[: 1 + bool(keras)] == [KERAUNOS, keras][: 1 + bool(keras)] and len(set(names)) == len(names)
    for goal in case.goals:
        case.metric(goal.metric)
        if not goal.absolute:
            other = ALL[goal.against_case or case.name]
            other.metric(goal.against_metric or goal.metric)
            assert goal.against in [contender.name for contender in other.contenders]
    for contender in case.contenders:
        module, function = contender.call.split(":")
        path = Path(processes.ROOT, *module.split(".")).with_suffix(".py")
        assert f"def {function}(" in path.read_text(encoding="utf-8")
