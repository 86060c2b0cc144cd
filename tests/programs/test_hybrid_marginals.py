"""Programs as layers: marginals and gradients against brute force, on small domains; errors; files."""

import itertools
from typing import Any, NamedTuple

import numpy as np
import pytest

import keraunos as keras
from keraunos import programs


class Case(NamedTuple):
    """A program, its symbols, how many of them, the same as a function of a sequence."""

    name: str
    program: Any
    domain: Any
    length: int
    plain: Any


def add(state, symbol):
    return state + symbol


def formula(state, symbol):
    """State of a sum of products: (sum, product or None where a digit must follow, sign of the product)."""
    total, product, factor = state
    if symbol in "+*":
        if product is None:
            return None
        return (total + product, None, 1) if symbol == "+" else (total, None, product)
    return (total, int(symbol) * factor, 1) if product is None else None


def value(state):
    return None if state[1] is None else state[0] + state[1]


CASES = [
    Case("sum of two", lambda a, b: a + b, 4, 2, sum),
    Case("sum of three", lambda *digits: sum(digits), 3, 3, sum),
    Case("impossible pairs", lambda a, b: a // b if b else None, 3, 2, lambda s: s[0] // s[1] if s[1] else None),
    Case("strings", lambda a, b: "same" if a == b else a, "xyz", 2, lambda s: "same" if s[0] == s[1] else s[0]),
    Case("fold", programs.Fold(add, 0), 4, 4, sum),
    Case("fold of one", programs.Fold(add, 0), 3, 1, sum),
    Case("parity", programs.Fold(lambda s, d: (s + d) % 2, 0), 3, 5, lambda s: sum(s) % 2),
    Case("largest", programs.Fold(max, -1), [3, 1, 2], 4, max),
    Case("formula", programs.Fold(formula, (0, None, 1), value), "12+*", 5, lambda s: evaluated("".join(s))),
]
IDS = [case.name for case in CASES]


def evaluated(text):
    """The value of a formula of single digits, None where it is none."""
    sound = all((c in "+*") == i % 2 for i, c in enumerate(text)) and len(text) % 2
    return eval(text) if sound else None


def inputs_of(case, batch=3, seed=0, dtype="float64"):
    """(what the program is called with, probabilities (batch, n, D)), one symbol of one row being certain."""
    size = case.domain if isinstance(case.domain, int) else len(case.domain)
    p = np.random.default_rng(seed).dirichlet(np.ones(size), size=(batch, case.length)).astype(dtype)
    p[0, 0] = np.eye(size)[1]
    return p


def brute_force(case, p, labels):
    """P(label) by trying every sequence."""
    symbols = tuple(range(case.domain)) if isinstance(case.domain, int) else tuple(case.domain)
    found = np.zeros((len(p), len(labels)))
    for places in itertools.product(range(len(symbols)), repeat=case.length):
        label = case.plain([symbols[i] for i in places])
        if label is not None:
            found[:, labels.index(label)] += np.prod([p[:, i, s] for i, s in enumerate(places)], axis=0)
    return found


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_marginals_are_those_of_brute_force(case):
    p = inputs_of(case)
    program = programs.Program(case.program, case.domain, dtype="float64")
    found = np.exp(np.asarray(program(p)))
    want = brute_force(case, p, list(program.labels))
    assert (want.sum(axis=0) > 0).all()  # no label that can't be
    np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-7)


def test_several_inputs_are_one():
    p = inputs_of(CASES[0])
    program = programs.Program(CASES[0].program, 4)
    np.testing.assert_array_equal(program([p[:, 0], p[:, 1]]), program(p))


def test_domains_by_the_names_of_parameters():
    apply = programs.Program(lambda a, op: -a if op == "-" else a, {"op": "+-", "a": 3})
    assert apply.labels == (-2, -1, 0, 1, 2)
    found = np.exp(np.asarray(apply([np.array([[0.0, 0.5, 0.5]]), np.array([[0.25, 0.75]])])))
    np.testing.assert_allclose(found, [[0.375, 0.375, 0, 0.125, 0.125]], rtol=1e-6)


@pytest.mark.trains
@pytest.mark.parametrize("case", [c for c in CASES if c.name in ("impossible pairs", "formula")], ids=lambda c: c.name)
def test_gradients_are_those_of_brute_force(case):
    """d(-log P(label))/d(logits) against central differences of the brute force, in float64."""
    size = case.domain if isinstance(case.domain, int) else len(case.domain)
    z = np.random.default_rng(1).normal(size=(2, case.length, size))
    program = programs.Program(case.program, case.domain, from_logits=True)
    program.build(z.shape)
    labels = list(program.labels)
    chosen = [0, len(labels) // 2]

    def exact(z):
        p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
        return -np.log(brute_force(case, p, labels)[[0, 1], chosen]).sum()

    loss = programs.NegativeLogLikelihood(reduction="sum")
    logits = keras.Variable(z.astype("float32"))
    _, [found] = keras.value_and_grad(lambda: loss(np.array(chosen), program(logits.value)), [logits])
    want = np.zeros_like(z)
    for place in np.ndindex(*z.shape):
        step = np.zeros_like(z)
        step[place] = 1e-5
        want[place] = (exact(z + step) - exact(z - step)) / 2e-5
    np.testing.assert_allclose(found, want, rtol=2e-3, atol=2e-5)


@pytest.mark.parametrize(
    ("case", "tail"),
    [(CASES[0], -200.0), (CASES[4], -200.0), (CASES[4], -np.inf)],
    ids=["function", "fold", "fold of certain symbols"],
)
def test_what_is_far_from_likely_is_still_told_apart(case, tail):
    """Symbols of probability e^-200 are 0 in float32, the logarithms of their labels are right; what can't be is -1e30."""
    z = np.full((1, case.length, 4), tail, "float32")
    z[..., 0] = 0.0
    program = programs.Program(case.program, 4, from_logits=True)
    with np.errstate(invalid="ignore"):
        found = np.asarray(program(z))[0]
    assert found[0] == pytest.approx(0.0, abs=1e-5)
    if np.isinf(tail):
        assert (found[1:] < -9e29).all()
    else:
        np.testing.assert_allclose(found[1], tail + np.log(case.length), rtol=1e-5)
        np.testing.assert_allclose(found[-1], tail * case.length, rtol=1e-5)


@pytest.mark.trains
def test_gradients_stay_finite_where_nothing_is_possible():
    program = programs.Program(programs.Fold(add, 0), 3)
    loss = programs.NegativeLogLikelihood()
    p = keras.Variable(np.eye(3, dtype="float32")[[[0, 1, 2]]])
    value, [found] = keras.value_and_grad(lambda: loss(np.array([0]), program(p.value)), [p])
    assert float(value) > 9e29
    assert np.isfinite(np.asarray(found)).all()


def test_masked_symbols_are_left_out():
    sums = programs.Program(programs.Fold(add, 0, lengths=(1, 3)), 3)
    p = np.random.default_rng(0).dirichlet(np.ones(3), size=(2, 4)).astype("float32")
    mask = np.array([[True, False, False, False], [True, True, False, True]])
    found = np.exp(np.asarray(sums(p, mask=mask)))
    np.testing.assert_allclose(found[0], [*p[0, 0], 0, 0, 0, 0], atol=1e-6)
    want = np.convolve(np.convolve(p[1, 0], p[1, 1]), p[1, 3])
    np.testing.assert_allclose(found[1], want, atol=1e-6)


# -- errors --------------------------------------------------------------------------------------------------------------

PAIR = np.full((2, 2, 3), 1 / 3, "float32")
ERRORS = {
    "no function": (lambda: programs.Program(3, 2), TypeError, "fn must be a function or a Fold, got 3"),
    "no domain": (lambda: programs.Program(add), ValueError, "domain must be given"),
    "domain of another kind": (lambda: programs.Program(add, 2.5), TypeError, "must be a whole number or a sequence"),
    "a symbol twice": (lambda: programs.Program(add, "aba"), ValueError, "a symbol twice"),
    "unknown parameter": (lambda: programs.Program(add, {"a": 2}), ValueError, "must name the function's parameters"),
    "too many": (lambda: programs.Program(lambda a, b, c: a, 100), ValueError, "100 x 100 x 100 = 1,000,000 comb"),
    "never a label": (lambda: programs.Program(lambda a: None, 3), ValueError, "None for every combination"),
    "too many states": (
        lambda: programs.Program(programs.Fold(add, 0, max_states=50), 9)(np.ones((1, 20, 9)) / 9),
        ValueError,
        "more than max_states = 50",
    ),
    "unhashable state": (
        lambda: programs.Program(programs.Fold(lambda s, d: [d], 0), 2)(PAIR[..., :2]),
        TypeError,
        "Return a tuple in place of a list",
    ),
    "wrong domain": (lambda: programs.Program(add, 5)(PAIR), ValueError, "the domains have [5, 5] symbols"),
    "wrong number": (lambda: programs.Program(add, 3)([PAIR[:, 0]]), ValueError, "the domains have [3, 3] symbols"),
    "fold of a list": (
        lambda: programs.Program(programs.Fold(add, 0), 3)([PAIR[:, 0]] * 2),
        ValueError,
        "a fold takes one input of shape (batch, n, D)",
    ),
    "mask without lengths": (
        lambda: programs.Program(programs.Fold(add, 0), 3)(PAIR, mask=np.ones((2, 2), bool)),
        ValueError,
        "Fold(..., lengths=...)",
    ),
    "labels before it is built": (
        lambda: programs.Program(programs.Fold(add, 0), 3).labels,
        ValueError,
        "call it on inputs",
    ),
    "unknown label": (lambda: programs.Program(add, 3).encode([4, 5]), ValueError, "label 5 at sample 1"),
    "shapes of the loss": (
        lambda: programs.NegativeLogLikelihood()(np.zeros((2, 3)), PAIR[0]),
        ValueError,
        "y_true must have shape (batch,)",
    ),
}


@pytest.mark.parametrize(("make", "kind", "message"), ERRORS.values(), ids=ERRORS)
def test_errors_say_what_is_wrong(make, kind, message):
    with pytest.raises(kind) as e:
        make()
    assert message in str(e.value)


# -- files ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_files_hold_the_table(case, tmp_path):
    p = inputs_of(case, dtype="float32")
    inputs = keras.Input(p.shape[1:])
    program = programs.Program(case.program, case.domain, name="program")
    model = keras.Model(inputs, program(inputs))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.get_layer("program").labels == program.labels
    np.testing.assert_allclose(again(p), model(p), rtol=1e-6)


def test_labels_that_are_no_data_are_not_saved(tmp_path):
    inputs = keras.Input((1, 2))
    model = keras.Model(inputs, programs.Program(lambda a: frozenset([a]), 2)(inputs))
    with pytest.raises(TypeError, match="go into a file as data"):
        model.save(tmp_path / "model.keras")


@pytest.mark.trains
def test_models_with_a_program_train_and_come_back(tmp_path):
    """Which of two points is which is learnt from the sum of two of them."""
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, size=(128, 2))
    x = (2.0 * bits[..., None] - 1 + 0.1 * rng.normal(size=(128, 2, 2))).astype("float32")
    inputs = keras.Input((2, 2))
    logits = keras.layers.Dense(2)(inputs)
    program = programs.Program(lambda a, b: 2 * a + b, 2, from_logits=True)
    model = keras.Model(inputs, program(logits))
    model.compile(keras.optimizers.Adam(0.1), loss=programs.NegativeLogLikelihood(), metrics=["accuracy"])
    model.fit(x, program.encode(bits @ [2, 1]), epochs=10, batch_size=32, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.evaluate(x, program.encode(bits @ [2, 1]), verbose=0)[1] == 1.0
    assert program.decode(again.predict(x[:3], verbose=0)) == (bits[:3] @ [2, 1]).tolist()
