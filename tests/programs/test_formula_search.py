"""Formulas: searches that go on where they stood, units that guide them, and what counts as the equation itself."""

import json

import numpy as np
import pytest

from benchmarks.formulas import recovery
from benchmarks.formulas.feynman import EQUATIONS
from keraunos import programs
from keraunos.programs.formula import operators, units
from keraunos.programs.formula.bank import Bank
from keraunos.programs.formula.front import Problem

RNG = np.random.default_rng(0)
X = RNG.uniform(1.0, 3.0, (240, 3))
x0, x1, x2 = X.T


def noisy(y):
    return y + 1e-3 * np.sqrt(np.mean(y**2)) * np.random.default_rng(1).normal(size=len(y))


def fitted(y, x=X, work=1.5e8, **settings):
    return programs.Formula(**settings).fit(x, y, max_evaluations=work, verbose=0)


def test_units_keep_what_is_wrong_out_of_bank_and_scans():
    given = [units.parse("m"), units.parse("s"), units.parse("s")]
    check = units.Check(given, units.parse("m"))
    bank = Bank(X[:50], operators.DEFAULT, 500, lambda t: units.unit_of(t, given) is not None).grow(7)
    assert len(bank) > 200 and all(units.unit_of(t, given) is not None for t in bank.tokens)
    whole = Problem(X, x0, np.ones(240), ((0,), (1,), (2,)), (-1,))
    assert check.over(whole) == (given, units.parse("m"))
    ratio = Problem(X[:, :1], x0, np.ones(240), ((1, 2, "div"),), (-1, 0, 1, "div", "mul"))  # y = f(x1 / x2) x0 / x1
    assert check.over(ratio) == ([{}], units.parse("s"))


def test_units_find_what_is_hard_to_find_without():
    given = {"x0": "J s", "x1": "s^-1", "x2": "J", "y": "J"}
    y = noisy(x0 * x1 / (np.exp(x0 * x1 / x2) - 1))
    assert str(fitted(y, units=given, work=2e8).best) in (
        "x0 * x1 / (-1 + exp(x0 * x1 / x2))",
        "x0 * x1 / (exp(x0 * x1 / x2) - 1)",
    )


@pytest.mark.parametrize(
    "spent, stands_at", [(2e6, "the beginning"), pytest.param(2.6e7, "a population", marks=pytest.mark.slow)]
)
def test_a_search_that_is_resumed_comes_to_what_one_without_a_stop_comes_to(tmp_path, spent, stands_at):
    x = X[:80, :1]
    y = np.cos(3 * x[:, 0]) / (x[:, 0] + np.sin(7 * x[:, 0]))  # not found: the whole work is spent

    def fit(work, resume=None):
        model = programs.Formula(seed=3, operators=["+", "*"])
        return model.fit(x, y, max_evaluations=work, resume=resume, verbose=0)

    path = tmp_path / "state.json"
    fit(spent).save_state(path)
    (kept,) = json.loads(path.read_text())["searches"]
    assert (kept["population"] is None) is (stands_at == "the beginning")
    resumed, whole = fit(2 * spent, resume=path), fit(2 * spent)
    (one,), (other,) = (m._last_run["searches"] for m in (resumed, whole))
    assert sorted(one["front"][0]) == sorted(other["front"][0])
    assert {k: one[k] for k in ("finished", "problems", "evaluations", "population")} == {
        k: other[k] for k in ("finished", "problems", "evaluations", "population")
    }
    for c in whole.front:  # what the first part had found after its last mark is there too
        assert any(r.complexity <= c.complexity and r.loss <= c.loss * (1 + 1e-9) for r in resumed.front)


def test_a_state_of_other_rows_gives_its_formulas_alone(tmp_path):
    fitted(noisy(x0 * x1 / x2)).save_state(tmp_path / "state.json")
    model = programs.Formula().fit(
        X[:100], (x0 * x1 / x2)[:100], max_evaluations=1e9, resume=tmp_path / "state.json", verbose=0
    )
    assert (
        str(model.best) == "x0 * x1 / x2"
        and model._last_run["mark"] != json.loads((tmp_path / "state.json").read_text())["mark"]
    )


RECOVERED = [
    ("I.6.2a", "0.398949 / sqrt(exp(x0 ** 2))", "keraunos", True),  # a factor that is a little off
    ("I.6.2a", "0.3989 * exp(-0.49 * x0 ** 2)", "keraunos", False),  # an exponent that is
    ("I.12.1", "x0 * x1 + 3.2", "keraunos", True),
    ("I.12.1", "x0 * x1 ** 1.02 + 3.2", "keraunos", False),
    ("I.12.1", "2.5", "keraunos", False),
    ("I.10.7", "x0 * x2 / sqrt(x2 ** 2 - x1 ** 2)", "keraunos", True),
    ("I.10.7", "x0 / cos(1.66667 * x1 / x2) ** 0.362182", "keraunos", False),
    ("III.12.43", "(0.000012 + (0.318309 * ((0.500001 * X1) * X2)))", "operon", True),
    ("I.12.1", "mul(X0, div(X1, 0.5))", "gplearn", True),
]


@pytest.mark.parametrize("name, text, contender, is_it", RECOVERED)
def test_what_counts_as_the_equation_itself(name, text, contender, is_it):
    pytest.importorskip("sympy")
    assert recovery.is_recovered(text, EQUATIONS[name], contender) is is_it


@pytest.mark.parametrize(
    "value, read", [(0.1591, "1/(2*pi)"), (9.868, "pi**2"), (0.3333, "1/3"), (0.6123, "153/250"), (0, "0")]
)
def test_constants_are_read_to_three_digits(value, read):
    assert str(recovery.simple(value)) == read


def test_algebra_without_end_is_cut_off(monkeypatch):
    run = {"equation": "I.12.1", "contender": "keraunos", "beyond": 1.0, "formula": "x0 * x1"}
    assert recovery.judged(run, 60) == "yes"
    assert recovery.judged(run | {"formula": "x0 + x1"}, 60) == "no"
    assert recovery.judged(run, 0) == "not shown"
