"""Shortcuts, abduction and rule induction, on symbols small enough to check by hand."""

import itertools

import numpy as np
import pytest

import keraunos as keras
from keraunos import programs
from keraunos.programs.hybrid import grammar
from keraunos.programs.hybrid.abduction import most_probable
from keraunos.programs.hybrid.shortcuts import same_up_to_names

# -- shortcuts -----------------------------------------------------------------------------------------------------------

# program, number of symbols, length -> how many permutations keep the labels, whether two symbols can be merged
SHORTCUTS = {
    "sum": (lambda a, b: a + b, 4, 2, 1, False),
    "distance": (lambda a, b: abs(a - b), 4, 2, 2, False),
    "parity": (lambda a, b: (a + b) % 2, 4, 2, 8, True),
    "equality": (lambda a, b: a == b, 4, 2, 24, False),
    "product mod 10": (lambda a, b: a * b % 10, 10, 2, 2, False),
    "constant": (lambda a, b: 0, 3, 2, 6, True),
    "one symbol": (lambda a: a // 2, 4, 1, 4, True),
    "fold, sum": (programs.Fold(lambda s, d: s + d, 0, lengths=(3,)), 4, 3, 1, False),
    "fold, parity": (programs.Fold(lambda s, d: (s + d) % 2, 0, lengths=(3,)), 4, 3, 4, True),
    "fold, any length": (programs.Fold(lambda s, d: (s + d) % 3, 0), 6, None, 8, True),
}


@pytest.mark.parametrize(("fn", "size", "length", "permutations", "merges"), SHORTCUTS.values(), ids=SHORTCUTS)
def test_shortcuts_are_all_there_are(fn, size, length, permutations, merges):
    program = programs.Program(fn, size)
    if length is None:
        program.build((None, None, size))
    found = program.shortcuts()
    assert (found.permutations, found.merge is not None) == (permutations, merges)
    assert found.identifiable == (permutations == 1 and not merges)
    readings = [*found.swaps, *([found.merge] if merges else [])]
    for reading, symbols in itertools.product(readings, itertools.product(range(size), repeat=length or 4)):
        assert fn(*symbols) == fn(*(reading[s] for s in symbols))
    if length is not None and size < 5:  # by brute force
        tuples = list(itertools.product(range(size), repeat=length))
        maps = [
            m
            for m in itertools.product(range(size), repeat=size)
            if all(fn(*t) == fn(*(m[s] for s in t)) for t in tuples)
        ]
        assert sum(len(set(m)) == size for m in maps) == permutations
        assert any(len(set(m)) < size for m in maps) == merges


def test_shortcuts_read_well():
    assert "no shortcuts" in str(programs.Program(lambda a, b: a + b, 3).shortcuts())
    said = str(programs.Program(lambda a, b: a == b, "xy").shortcuts())
    assert (
        said == "2 one-to-one readings of the symbols give the same labels.\n  a swap: 'x' read as 'y', 'y' read as 'x'"
    )


def test_shortcuts_need_one_domain():
    with pytest.raises(ValueError, match="must have one domain"):
        programs.Program(lambda a, b: a, {"a": 2, "b": 3}).shortcuts()


def test_tables_equal_up_to_names():
    a, b = np.indices((5, 5))
    assert same_up_to_names(a - b, b - a) == [4, 3, 2, 1, 0]
    assert same_up_to_names(a - b, a + b) is None


# -- abduction -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 4), (3, 3), (4, 2)])
def test_most_probable_gives_all_sequences_in_order(shape):
    x = np.log(np.random.default_rng(0).dirichlet(np.ones(shape[1]), size=shape[0]))
    found = list(zip(*most_probable(x, 10**6)))
    assert len({s for s, _ in found}) == len(found) == shape[1] ** shape[0]
    costs = [p for _, p in found]
    assert costs == sorted(costs, reverse=True)
    np.testing.assert_allclose(costs, [sum(x[i, j] for i, j in enumerate(s)) for s, _ in found])
    for count in (1, 2, 3):
        assert list(zip(*most_probable(x, count))) == found[:count]


@pytest.mark.parametrize("draws", [0, 20_000], ids=["the best explanations", "drawn ones"])
def test_targets_are_the_posterior(draws):
    p = np.random.default_rng(1).dirichlet(np.ones(3), size=(1, 2))
    abduction = programs.Abduction(lambda a, b: a + b, 3, k=9, draws=draws)
    targets, found = abduction.targets(np.log(p), [2])
    joint = np.array([p[0, 0, a] * p[0, 1, 2 - a] for a in range(3)])
    joint /= joint.sum()
    assert found.tolist() == [True]
    np.testing.assert_allclose(targets[0], [joint, joint[::-1]], atol=0.02 if draws else 1e-6)


def test_labels_without_an_explanation_are_left_out():
    abduction = programs.Abduction(lambda a, b: a + b, 3)
    targets, found = abduction.targets(np.log(np.full((2, 2, 3), 1 / 3)), [9, 0])
    assert found.tolist() == [False, True]
    assert not targets[0].any()


def test_the_most_probable_label_sums_over_sequences():
    p = np.array([[[0.4, 0.35, 0.25]]])
    assert programs.Abduction(lambda a: a > 0, 3).predict(np.log(p)) == [True]
    assert programs.Abduction(lambda a: a > 0, 3, k=1).predict(np.log(p)) == [False]
    assert programs.Abduction(lambda a: None, 3).predict(np.log(p)) == [None]


def noisy(symbols, size, seed=0):
    """Inputs that show the symbols: one-hot, with noise."""
    x = np.eye(size)[symbols]
    return (x + 0.1 * np.random.default_rng(seed).normal(size=x.shape)).astype("float32")


@pytest.mark.trains
def test_abduction_learns_through_any_function():
    """The sum of three symbols and which of the first two is larger, as text: nothing that could be differentiated."""
    symbols = np.random.default_rng(0).integers(0, 3, size=(96, 3))
    said = lambda a, b, c: f"{a + b + c}, {'up' if a < b else 'down'}"
    model = keras.Sequential([keras.Input((3, 3)), keras.layers.Dense(3)])
    model.compile(keras.optimizers.Adam(0.1), loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    x, y = noisy(symbols, 3), [said(*s) for s in symbols]
    history = programs.Abduction(said, 3, draws=30).fit(model, x, y, epochs=8, round_size=32)
    assert history["explained"][-1] == 1.0
    assert history["loss"][-1] < history["loss"][0]
    assert np.mean(np.argmax(model.predict(x, verbose=0), axis=-1) == symbols) > 0.95


ERRORS = {
    "no function": (lambda: programs.Abduction(3), TypeError, "fn must be a function or a Fold"),
    "no explanations": (lambda: programs.Abduction(len, k=0), ValueError, "k must be at least 1, got 0"),
    "vector": (
        lambda: programs.RuleInduction(2).fit(np.zeros((4, 2)), np.zeros(4, int)),
        ValueError,
        "(samples, n, ...)",
    ),
    "one symbol": (
        lambda: programs.RuleInduction(2).fit(np.zeros((4, 1, 2)), np.zeros(4, int)),
        ValueError,
        "two symbols",
    ),
    "fractions": (lambda: programs.RuleInduction(2).fit(np.zeros((4, 2, 2)), np.zeros(4)), TypeError, "whole numbers"),
    "no rule": (
        lambda: programs.RuleInduction(2, max_size=1).fit(np.zeros((4, 2, 2)), np.arange(4)),
        ValueError,
        "can give all of the labels",
    ),
}


@pytest.mark.parametrize(("make", "kind", "message"), ERRORS.values(), ids=ERRORS)
def test_errors_say_what_is_wrong(make, kind, message):
    with pytest.raises(kind) as e:
        make()
    assert message in str(e.value)


@pytest.mark.trains
def test_labels_that_nothing_explains_are_an_error():
    model = keras.Sequential([keras.Input((2, 3)), keras.layers.Dense(3)])
    with pytest.raises(ValueError, match="none of 4 labels was explained"):
        programs.Abduction(lambda a, b: a + b, 3).fit(model, np.zeros((4, 2, 3), "float32"), [99] * 4)


# -- rules ---------------------------------------------------------------------------------------------------------------


def test_the_grammar_has_each_rule_once_in_its_shortest_form():
    found = grammar.rules(range(4), max_size=5)
    a, b = np.indices((4, 4))
    keys = {
        (np.asarray(r.fn(a, b)).dtype.kind, np.asarray(r.fn(a + 40, b)).tobytes(), np.asarray(r.fn(a, b)).tobytes())
        for r in found
    }
    assert len(keys) > 0.8 * len(found)
    assert [r.size for r in found] == sorted(r.size for r in found)
    texts = {r.text for r in found}
    assert {"(a + b)", "max(a, b)", "abs(a - b)", "((a * b) % 10)", "(b + (a * 10))", "(a < b)"} <= texts
    assert "(b + a)" not in texts
    for rule in found[:: len(found) // 50]:  # the text is Python, and means the function
        assert eval(rule.text, {"a": 3, "b": 2, "max": max, "min": min, "abs": abs}) == rule(3, 2)


def test_rules_of_lists_go_from_left_to_right():
    number = next(r for r in grammar.rules(range(10)) if r.text == "(b + (a * 10))")
    assert number(4, 0, 7) == 407


@pytest.mark.trains
def test_rule_and_perception_are_found_together():
    symbols = np.random.default_rng(0).integers(0, 3, size=(160, 2))
    x = noisy(symbols, 3)
    candidates = grammar.rules(range(3), max_size=3, constants=(1,))
    learner = programs.RuleInduction(3, rules=candidates, hidden=16, epochs=(12, 20, 8), keep=8)
    learner.fit(x, symbols[:, 0] - symbols[:, 1])
    assert np.mean(learner.predict(x) == symbols[:, 0] - symbols[:, 1]) > 0.95
    assert learner.shortcuts().identifiable  # the rule known; but
    # b - a is the same rule, for one who calls 0 what we call 2: no label says which
    [(other, names)] = learner.equivalents(within=20)
    assert {learner.rule.text, other.rule.text} == {"(a - b)", "(b - a)"}
    assert names == {0: 2, 1: 1, 2: 0}
    found = learner.symbols(x[:, 0])
    assert np.mean(found == (symbols[:, 0] if learner.rule.text == "(a - b)" else 2 - symbols[:, 0])) > 0.95
