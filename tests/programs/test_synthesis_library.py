"""Libraries and costs learnt from solutions; the two examples of examples/ that search programs."""

import pytest

from examples import fill_a_column, own_domain
from keraunos import programs
from keraunos.programs.synthesis.prior import SCALE, costs_from_partial, costs_from_solutions, costs_of


def evens_first(task):
    return [([1, 2, 3, 4, 8], task([2, 4, 8])), ([6, 7, 10], task([6, 10])), ([2, 5, 4], task([2, 4]))]


def squares_of_evens(task):
    return [
        (numbers, task([n * n for n in numbers if n % 2 == 0])) for numbers in ([1, 2, 3, 4, 8], [6, 7, 10], [2, 5, 4])
    ]


def first_solution(examples, dsl):
    """The result of a search that ends with the first solution."""
    return programs.synthesize(examples, dsl=dsl, watch=lambda level, logs: logs["cost"] < 10**6)


SHARED = (sum, max, lambda x: x[:2], lambda x: x[::-1], lambda x: [2 * n for n in x])


def test_library_has_what_solutions_share_and_saves_nodes():
    pytest.importorskip("stitch_core")
    solutions = [first_solution(squares_of_evens(task), own_domain.lists) for task in SHARED]
    library = programs.learn_library(solutions, reweigh=False)
    new = library.primitives[len(own_domain.lists.primitives) :]
    assert any(p([1, 2, 3, 4]) == [4, 16] for p in new if len(p.arguments) == 1)
    held_out = squares_of_evens(lambda x: sum(x[:2]))
    before, after = (first_solution(held_out, dsl) for dsl in (own_domain.lists, library))
    assert after.nodes < before.nodes
    # Programs are written out in the language as it was: printing and files know nothing of the library.
    assert after.best([6, 1, 4, 2]) == 52
    assert "fn_" not in str(after.best) + str(after.best.get_config())
    assert programs.Rule.from_config(after.best.get_config())([6, 1, 4, 2]) == 52


@pytest.mark.parametrize("solutions, error", [([], ValueError), ([3], TypeError)])
def test_library_needs_solutions(solutions, error):
    with pytest.raises(error, match="learn_library"):
        programs.learn_library(solutions)


def test_costs_follow_use():
    rules = [first_solution(evens_first(task), own_domain.lists).best.expression for task in (sum, len, max)]
    costs = costs_from_solutions(own_domain.lists, rules)
    assert costs["keep"] == 1 < costs["total"]
    assert costs["backwards"] >= costs["total"]  # not used at all
    partial = costs_from_partial(costs_of(own_domain.lists, ()), [(0.5, rules[0])])
    assert partial["keep"] < partial["backwards"] == SCALE


def test_fill_a_column(capsys):
    done = fill_a_column.main()["table"]
    assert done["e-mail"].tolist()[2] == "grace.hopper@example.org"
    assert done["birthday"].tolist()[3:] == ["1 Feb 1990", "30 Jul 2001"]
    assert done["fee in cents"].tolist()[2:] == [1200000, 7525, 30000]
    assert done["result"].tolist()[4] == "fail"
    assert "def transform(born):" in capsys.readouterr().out


def test_own_domain(capsys):
    solved = own_domain.main()
    assert solved["the two largest, largest first"] == "sorted(numbers)[::-1][:2]"
    assert None not in solved.values() and "nodes" in capsys.readouterr().out
