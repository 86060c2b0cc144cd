"""Formulas: what the parts compute, and that a fit finds, keeps and tells what is true."""

import json
import warnings

import numpy as np
import pytest

import keraunos as keras
from keraunos import programs, saving
from keraunos.programs.formula import constants, expression, material, operators, population, rendering, smooth, units
from keraunos.programs.formula.bank import Bank

RNG = np.random.default_rng(0)
X = RNG.uniform(1.0, 3.0, (240, 3))
WORK = 1.5e8  # evaluations: a second or two


def noisy(y, share=1e-3):
    return y + share * np.sqrt(np.mean(y**2)) * np.random.default_rng(1).normal(size=len(y))


def fitted(y, x=X, work=WORK, **settings):
    return programs.Formula(**settings).fit(x, y, max_evaluations=work, verbose=0)


# -- expressions ------------------------------------------------------------------------------------------------------------------

EXPRESSIONS = [
    # tokens, as NumPy computes it, as a line of Python
    ((0, 1, "add", 2.0, "mul"), lambda x: (x[:, 0] + x[:, 1]) * 2, "(x + y) * 2"),
    ((0, 1, 2, "sub", "sub"), lambda x: x[:, 0] - (x[:, 1] - x[:, 2]), "x - (y - z)"),
    ((0, 1, 2, "div", "div"), lambda x: x[:, 0] / (x[:, 1] / x[:, 2]), "x / (y / z)"),
    ((0, "neg", "square"), lambda x: x[:, 0] ** 2, "(-x) ** 2"),
    ((0, "square", "neg"), lambda x: -(x[:, 0] ** 2), "-x ** 2"),
    ((0, 1.5, "pow", 1, "cube", "mul"), lambda x: x[:, 0] ** 1.5 * x[:, 1] ** 3, "x ** 1.5 * y ** 3"),
    ((0, "inv", "sqrt", "exp", "log"), lambda x: x[:, 0] ** -0.5, "log(exp(sqrt(1.0 / x)))"),
    (
        (0.3, 0, "mul", "sin", 1, "cos", "add"),
        lambda x: np.sin(0.3 * x[:, 0]) + np.cos(x[:, 1]),
        "sin(0.3 * x) + cos(y)",
    ),
    ((0.3, 0, "mul", "arcsin", "tan"), lambda x: np.tan(np.arcsin(0.3 * x[:, 0])), "tan(arcsin(0.3 * x))"),
    (
        (0, 5.0, "div", "arccos", "arctan", "tanh"),
        lambda x: np.tanh(np.arctan(np.arccos(x[:, 0] / 5))),
        "tanh(arctan(arccos(x / 5)))",
    ),
    ((0, -2.5, "add"), lambda x: x[:, 0] - 2.5, "x - 2.5"),
    ((0, -2.0, 1, "mul", "sub"), lambda x: x[:, 0] + 2 * x[:, 1], "x + 2 * y"),
    ((0, 1, "square", "neg", "add"), lambda x: x[:, 0] - x[:, 1] ** 2, "x - y ** 2"),
    ((0, -2.0, 1, "add", "add"), lambda x: x[:, 0] - 2 + x[:, 1], "x + (-2 + y)"),
    ((0, -2.0, "mul", "abs"), lambda x: np.abs(-2 * x[:, 0]), "abs(x * (-2))"),
]


@pytest.mark.parametrize("tokens, truth, text", EXPRESSIONS, ids=[e[2] for e in EXPRESSIONS])
def test_an_expression_is_computed_derived_and_written(tokens, truth, text):
    assert np.allclose(expression.evaluate(tokens, X), truth(X))
    assert rendering.infix(tokens, ["x", "y", "z"]) == text
    x, y, z = X.T
    assert np.allclose(eval(text, {**vars(np), "x": x, "y": y, "z": z}), truth(X))
    assert np.allclose(expression.evaluate(expression.fold(tokens), X), truth(X))
    namespace = {}
    exec(rendering.python_source(tokens, ["x", "y", "z"], "result"), namespace)
    used = [X[:, i] for i in sorted(expression.variables(tokens))]
    assert np.allclose(namespace["result"](*used), truth(X))
    symbolic = rendering.to_sympy(tokens, ["x", "y", "z"])
    assert np.isclose(float(symbolic.subs(dict(zip("xyz", X[0])))), truth(X)[0])


@pytest.mark.parametrize("tokens", [e[0] for e in EXPRESSIONS if any(type(t) is float for t in e[0])])
def test_the_jacobian_is_the_difference_quotient(tokens):
    value, jacobian = expression.value_and_jacobian(tokens, X)
    assert np.allclose(value, expression.evaluate(tokens, X))
    theta = expression.constants(tokens)
    for k in range(len(theta)):
        step = np.eye(len(theta))[k] * 1e-6
        up, down = (expression.evaluate(expression.with_constants(tokens, theta + s), X) for s in (step, -step))
        assert np.allclose(jacobian[:, k], (up - down) / 2e-6, rtol=1e-5, atol=1e-7)


FOLDED = [
    ((2.0, 3.0, "mul", 0, "mul"), (6.0, 0, "mul")),
    ((2.0, 0, "mul", 4.0, "div"), (0.5, 0, "mul")),
    ((2.0, 0, "mul", 3.0, 1, "mul", "mul"), (6.0, 0, 1, "mul", "mul")),
    ((0, 1.0, "mul", 0.0, "add"), (0,)),
    ((0, "sqrt", "square"), (0,)),
    ((0, "exp", 3.0, "pow"), (3.0, 0, "mul", "exp")),
    ((0, 1, "add", 0.0, "pow"), (1.0,)),
    ((2.0, 1, 2, "div", "mul"), (2.0, 1, 2, "div", "mul")),  # the variable 1 is not the number 1.0
    ((2.0, 1.0, 2, "div", "mul"), (2.0, 2, "div")),
    ((1, "cube"), (1, "cube")),
]


@pytest.mark.parametrize("tokens", [(0, 1, "square", "sub"), (0, 1, 2, "sub", "sub"), (0, 1, "add"), (0, "sin")])
def test_negated(tokens):
    found = expression.negated(tokens)
    assert np.allclose(expression.evaluate(found, X), -expression.evaluate(tokens, X))
    assert len(found) == len(tokens) or tokens[-1] != "sub"


@pytest.mark.parametrize("tokens, short", FOLDED)
def test_constants_are_folded(tokens, short):
    assert expression.key(expression.fold(tokens)) == expression.key(short)


# -- constants ----------------------------------------------------------------------------------------------------------------------


def test_constants_are_refined_bounded_simplified_and_have_errors():
    tokens = (2.0, 1.0, 0, "mul", "sin", "mul", 1, "add")
    y = 3 * np.sin(0.7315 * X[:, 0]) + X[:, 1]
    noise = 1e-3 * np.random.default_rng(2).normal(size=len(y))
    ones = np.ones(len(y))
    found, _ = constants.refine(tokens, X, y + noise, ones)
    spread = np.sqrt(np.diag(constants.covariance(found, X, y + noise, ones)))
    assert np.all(np.abs(expression.constants(found) - [3, 0.7315]) < 4 * spread)
    assert np.all(spread < 1e-3)
    simple, _ = constants.simplified(tokens, X, y + noise, ones)
    assert expression.constants(simple)[0] == 3.0
    assert abs(expression.constants(simple)[1] - 0.7315) < 1e-3
    given = constants.covariance(found, X, y + noise, ones, fixed=[0])
    assert np.all(given[0] == 0) and 0 < given[1, 1] < spread[1] ** 2
    bounded, _ = constants.refine(tokens, X, y, ones, bounds=(np.array([-1.0, 0.0]), np.array([2.5, 5.0])))
    assert expression.constants(bounded)[0] == pytest.approx(2.5)


# -- the bank and what is made beside it ----------------------------------------------------------------------------------------------


def test_a_bank_holds_each_behaviour_once_and_computes_it():
    bank = Bank(X[:50], operators.DEFAULT, 1500).grow(9)
    assert 1000 < len(bank) <= 1500
    for k in RNG.integers(0, len(bank), 60):
        assert np.allclose(expression.evaluate(bank.tokens[k], X[:50]), bank.values[k])
    assert len(np.unique(np.round(bank.values @ RNG.normal(size=50), 9))) == len(bank)


def test_material_is_what_its_tokens_say():
    powers = material.monomials(X[:50], operators.DEFAULT, 40)
    scaled = material.with_scales(material.taken(powers, range(5)), operators.DEFAULT)
    near = material.zoomed(scaled, list(range(20)))
    for found in (powers, scaled, near, material.with_one(powers), material.products(powers, powers)):
        for k in range(0, len(found.tokens), 7):
            assert np.allclose(expression.evaluate(found.tokens[k], X[:50]), found.values[k], rtol=1e-9)


def test_a_population_is_evaluated_and_crossed_as_its_expressions_are():
    alphabet = population.Alphabet(3, operators.DEFAULT)
    bank = Bank(X[:50], operators.DEFAULT, 800).grow(9)
    people = alphabet.encode(bank.tokens, 20)
    values = population.evaluate_all(people, alphabet, X[:30])
    assert [alphabet.decode(people, i) for i in range(len(bank))] == bank.tokens
    assert np.allclose(values, bank.values[:, :30], rtol=1e-3, atol=1e-3)
    rng = np.random.default_rng(0)
    children = population.crossed(people, people.rows(rng.permutation(len(bank))), alphabet, rng)
    children = population.mutated(children, alphabet, rng)
    assert all(expression.is_valid(alphabet.decode(children, i)) for i in range(len(bank)))
    assert sum(alphabet.decode(children, i) != bank.tokens[i] for i in range(len(bank))) > len(bank) / 2


def test_the_stand_in_is_smooth_and_has_the_gradient():
    y = noisy(np.sin(X[:, 0]) * X[:, 1])
    fit = smooth.fit(X, y, np.ones(len(y)), seed=0)
    truth = np.stack([np.cos(X[:, 0]) * X[:, 1], np.sin(X[:, 0]), np.zeros(len(y))], axis=1)
    assert np.sqrt(np.mean((fit.mean - np.sin(X[:, 0]) * X[:, 1]) ** 2)) < 2e-3
    assert np.sqrt(np.mean((fit.gradient - truth) ** 2)) < 0.03
    fewer = smooth.fit(X[:, :2], y, np.ones(len(y)), seed=0, evidence_only=True)
    assert fewer.evidence > fit.evidence - 4  # the third variable says nothing


# -- units --------------------------------------------------------------------------------------------------------------------------

UNITS = [
    ("N/m", "kg/s^2", True),
    ("J/(mol K)", "kg m^2 s^-2 mol^-1 K^-1", True),
    ("m^1/2", "m", False),
    ("rad", "", True),
]


@pytest.mark.parametrize("one, other, same", UNITS)
def test_units_are_read(one, other, same):
    assert (units.parse(one) == units.parse(other)) is same


@pytest.mark.parametrize(
    "tokens, unit",
    [
        ((0, 1, "div"), "m/s"),
        ((0, 1, "add"), None),
        ((0, "sin"), None),
        ((0, 0, "div", "sin"), ""),
        ((0, "square", "sqrt"), "m"),
        ((0, 0.5, "pow"), "m^1/2"),
        ((0, 2.0, "add"), None),
    ],
)
def test_units_of_expressions(tokens, unit):
    found = units.unit_of(tokens, [units.parse("m"), units.parse("s")])
    assert found is None if unit is None else found == units.parse(unit)


# -- fits ---------------------------------------------------------------------------------------------------------------------------

x0, x1, x2 = X.T
BEYOND = RNG.uniform(3.0, 5.0, (200, 3))
TASKS = {  # data, and the truth beyond their range
    "a product of powers": lambda a, b, c: 0.83 * a**2 * np.sqrt(b) / c,
    "a fraction": lambda a, b, c: a / (b + c),
    "a sum": lambda a, b, c: a + b * np.sin(c),
    "a constant inside": lambda a, b, c: a * np.exp(-0.37 * b * c),
    "one variable of three": lambda a, b, c: np.log(a) + 2.5 + 0 * b,
}


@pytest.mark.parametrize("task", TASKS)
def test_a_fit_is_right_beyond_the_data(task):
    truth = TASKS[task]
    model = fitted(noisy(truth(*X.T)))
    y = truth(*BEYOND.T)
    assert 1 - np.sum((model.predict(BEYOND) - y) ** 2) / np.sum((y - y.mean()) ** 2) > 0.999
    sizes, losses = [c.complexity for c in model.front], [c.loss for c in model.front]
    assert sizes == sorted(sizes) and losses == sorted(losses, reverse=True)
    assert model.best.bits == min(c.bits for c in model.front)


def test_a_root_of_a_difference_is_taken_of_the_positive_one():
    x = X * [1.0, 0.5, 3.0]  # the second is below the third everywhere
    y = noisy(x[:, 0] / np.sqrt(1 - (x[:, 1] / x[:, 2]) ** 2))
    assert str(fitted(y, x=x).best) == "x0 * x2 / sqrt(x2 ** 2 - x1 ** 2)"


def test_equal_seeds_give_equal_fronts_for_equal_work():
    y = noisy(np.cos(x0 * x1) / (x2 + np.sin(x1)) + x0)  # not found in this time: the whole work is spent
    first, second, other = (fitted(y, work=6e7, seed=s) for s in (3, 3, 4))
    assert [c.tokens for c in first.front] == [c.tokens for c in second.front]
    assert first.history.history == second.history.history
    assert [c.tokens for c in first.front] != [c.tokens for c in other.front]


def test_units_leave_only_formulas_that_are_right_in_them():
    given = {"x0": "kg", "x1": "m/s", "E": "J"}
    y = noisy(0.5 * x0 * x1**2)
    model = fitted(y, x=X[:, :2], units=given, target="E")
    assert str(model.best) == "0.5 * x0 * x1 ** 2"
    kept = [units.unit_of(c.tokens, [units.parse("kg"), units.parse("m/s")]) for c in model.front if c.complexity > 1]
    assert all(u == units.parse("J") for u in kept)


@pytest.mark.parametrize("loss", ["relative", "huber"])
def test_other_losses(loss):
    y = 2 * x0 * x1
    if loss == "huber":
        y = noisy(y)
        y[::20] += 5.0
    else:
        y = y * (1 + 1e-3 * np.random.default_rng(1).normal(size=len(y)))
    model = fitted(y, loss=loss, x=X[:, :2], work=1e8)
    assert np.abs(model.predict(BEYOND[:, :2]) / (2 * BEYOND[:, 0] * BEYOND[:, 1]) - 1).max() < 0.02


def test_only_the_given_operators_occur():
    model = fitted(noisy(np.sin(x0) * x1), operators=["+", "*"], work=5e7)
    assert {t for c in model.front for t in c.tokens if type(t) is str} <= {"add", "mul"}


def test_huge_tables_are_sampled_and_verified_on_all_rows():
    x = np.random.default_rng(5).uniform(1, 3, (100_000, 2))
    y = 1.7123 * x[:, 0] / x[:, 1] + 0.01 * np.random.default_rng(6).normal(size=100_000)
    model = fitted(y, x=x, work=5e7)
    (value, error), *_ = model.constants()
    assert abs(value - 1.7123) < 5 * error and error < 1e-4  # of 100,000 rows, not of the sample
    y = np.where(np.arange(100_000) % 50 == 0, y + 3, y)
    few = np.sort(np.random.default_rng([0, 1]).permutation(100_000)[:2000])
    y[few] = 1.7123 * x[few, 0] / x[few, 1]
    with pytest.warns(UserWarning, match="on all 100000 rows the loss is"):
        fitted(y, x=x, work=5e7)


def test_a_constant_target_a_constant_column_and_copies():
    constant = fitted(np.full(50, 4.0), x=X[:50])
    assert str(constant.best) == "4" and np.all(constant.predict(X[:5]) == 4.0)
    table = np.column_stack([np.ones(240), x0, x0, 2 * x0 + 1, x1, x1 * (1 + 1e-9)])
    model = fitted(x0 * x1, x=table, work=1e8)
    assert np.allclose(model.predict(table), x0 * x1, rtol=1e-6)


# -- tables -------------------------------------------------------------------------------------------------------------------------


def test_names_missing_rows_and_order_of_columns():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"wheel speed": x0, "class": x1, "none": x2})
    frame.loc[[3, 7], "class"] = np.nan
    y = x0 / x1
    y[9] = np.nan
    with pytest.warns(UserWarning, match=r"3 of 240 rows lack a finite value and were dropped \(class: 2, y: 1\)"):
        model = programs.Formula(target="v").fit(frame, y, max_evaluations=5e7, verbose=0)
    assert str(model.best) == "wheel_speed / x_class"
    shuffled = frame[["none", "class", "wheel speed"]]
    assert np.allclose(model.predict(shuffled), x0 / frame["class"].to_numpy(), equal_nan=True)
    assert np.isnan(model.predict(frame)[3])
    assert model.feature_names_in_.tolist() == ["wheel speed", "class", "none"]
    with pytest.raises(ValueError, match=r"lacks the columns \['class'\]"):
        model.predict(frame[["none", "wheel speed"]])


BAD = [
    (
        {"x": X[:2], "y": ["2 kg", "3 kg"]},
        "the target y holds texts \\('2 kg', '3 kg'\\), and a formula gives numbers: take units",
    ),
    ({"x": {"colour": ["red", "blue", "red"]}, "y": [1.0, 2.0, 3.0]}, "'colour' is categorical .*get_dummies"),
    ({"x": {"day": np.array(["2020-01-01"] * 3, "datetime64[D]")}, "y": [1.0, 2.0, 3.0]}, "'day' holds times"),
    ({"x": np.ones((3, 2)), "y": np.ones(4)}, r"y must have the shape \(3,\)"),
    ({"x": np.ones(3), "y": np.ones(3)}, "Reshape your data"),
    ({"x": np.full((3, 1), np.nan), "y": np.ones(3)}, "at least 2 complete rows"),
    ({"x": X, "y": x0, "sample_weight": -x0}, "sample_weight must be 240 numbers"),
    ({"x": X, "y": x0, "time_limit": -1}, "time_limit must be greater than 0"),
]


@pytest.mark.parametrize("arguments, message", BAD)
def test_bad_data_is_named(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        programs.Formula().fit(**arguments, verbose=0)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"operators": ["+", "sinus"]}, "sinus"),
        ({"operators": "sin"}, "must be a list of names"),
        ({"loss": "mae"}, "loss must be None or one of"),
        ({"max_complexity": 0}, "max_complexity must be an integer of at least 1"),
        ({"units": {"speed": "m/s"}}, "units must name columns"),
        ({"units": {"y": "m//", "x0": "3"}}, "can't be read"),
        ({"seed": -1}, "seed must be an integer"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        programs.Formula(**settings).fit(X, x0, verbose=0)


# -- manners ------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    return fitted(noisy(0.83 * x0 * np.exp(-0.37 * x1)), x=X[:, :2], target="q")


def test_it_is_saved_and_loaded(model, tmp_path):
    path = tmp_path / "formula.keras"
    model.save(path)
    loaded = saving.load_model(path)
    assert type(loaded) is programs.Formula
    assert np.array_equal(loaded.predict(X[:, :2]), model.predict(X[:, :2]))
    assert [str(c) for c in loaded.front] == [str(c) for c in model.front]
    assert loaded.get_params() == model.get_params() | {"name": model.name} and loaded.constants() == model.constants()
    empty = tmp_path / "empty.keras"
    programs.Formula(operators=["+"]).save(empty)
    assert saving.load_model(empty).get_params()["operators"] == ["+"]


def test_a_file_with_tokens_that_are_no_expression_is_refused(model):
    config = json.loads(json.dumps(model.get_config()))
    config["fitted"]["front"][0]["tokens"] = [0, "system"]
    with pytest.raises(ValueError, match="no expression"):
        programs.Formula.from_config(config)


def test_its_layer_computes_the_same_and_trains_on(model, pytestconfig):
    layer = model.to_layer()
    x = X[:, :2].astype("float32")
    assert np.allclose(np.asarray(layer(x))[:, 0], model.predict(x), rtol=1e-5)
    assert np.allclose(np.asarray(model(x))[:, 0], model.predict(x), rtol=1e-5)
    if pytestconfig.getoption("--backend") == "numpy":
        return
    network = keras.Sequential([keras.Input((2,)), layer])
    network.compile(keras.optimizers.Adam(0.02), loss="mse")
    changed = 1.1 * x[:, 0] * np.exp(-0.5 * x[:, 1])
    losses = network.fit(x, changed, epochs=60, batch_size=60, verbose=0).history["loss"]
    assert losses[-1] < 0.01 * losses[0]


def test_its_layer_is_saved(model, tmp_path):
    network = keras.Sequential([keras.Input((2,)), model.to_layer()])
    network.save(tmp_path / "network.keras")
    loaded = saving.load_model(tmp_path / "network.keras")
    x = X[:, :2].astype("float32")
    assert np.array_equal(loaded.predict(x, verbose=0), network.predict(x, verbose=0))


def test_it_says_what_it_found(model, tmp_path):
    lines = []
    model.summary(print_fn=lines.append)
    assert "Formula of q" in lines[0] and "▶" in lines[0]
    assert "x_{0}" in model.latex() or "x0" in model.latex()
    assert {s.name for s in model.sympy().free_symbols} == {"x0", "x1"}
    report = model.evaluate(X[:, :2], noisy(0.83 * x0 * np.exp(-0.37 * x1)), return_dict=True)
    assert report["r2"] > 0.9999 and report["loss"] == model.evaluate(X[:, :2], noisy(0.83 * x0 * np.exp(-0.37 * x1)))
    truth = sorted((0.83, 0.37))
    found = sorted((abs(v), e) for v, e in model.constants() if e)
    assert all(abs(v - t) < 5 * e for (v, e), t in zip(found, truth)) and len(found) == 2
    model.plot(X[:, :2], x0, to_file=tmp_path / "fit.png")
    assert (tmp_path / "fit.png").stat().st_size > 10_000


def test_another_formula_of_the_front_can_be_chosen():
    model = fitted(noisy(x0 * x1 + np.sin(x2)), work=1e8)
    shortest = model.choose(1)
    assert shortest is model.best and shortest.complexity == 1
    with pytest.raises(ValueError, match="no formula of the front is as short as 0"):
        model.choose(0)


def test_callbacks_see_the_steps_and_can_stop():
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            assert set(logs) == {"loss", "complexity", "evaluations"}
            self.model.stop_training = epoch == 2

    y = noisy(np.cos(x0 * x1) / (x2 + np.sin(x1)) + x0)
    model = programs.Formula().fit(X, y, time_limit=60, callbacks=[Stop()], verbose=0)
    assert 3 <= len(model.history.history["loss"]) <= 5


def test_ctrl_c_keeps_what_was_found_and_a_saved_state_goes_on(tmp_path, capsys):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    y = noisy(x0 * np.sin(x1) / (1 + x2))
    model = programs.Formula(seed=2).fit(X, y, time_limit=60, callbacks=[Interrupt()], verbose=1)
    assert "stopped by Ctrl-C" in capsys.readouterr().out
    first = min(c.loss for c in model.front)
    model.save_state(tmp_path / "state.json")
    with pytest.raises(FileExistsError):
        model.save_state(tmp_path / "state.json", overwrite=False)
    spent = json.loads((tmp_path / "state.json").read_text())["evaluations"]
    resumed = programs.Formula().fit(X, y, max_evaluations=spent + WORK, resume=tmp_path / "state.json", verbose=0)
    assert min(c.loss for c in resumed.front) <= first
    assert resumed._last_run["evaluations"] > spent and resumed._last_run["seed"] == 2
    with pytest.raises(ValueError, match="not the state of a search with the columns"):
        programs.Formula().fit(X[:, :2], y, resume=tmp_path / "state.json", verbose=0)


def test_sklearn_takes_it_for_an_estimator():
    from sklearn.base import clone, is_regressor
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    model = programs.Formula(max_evaluations=2e7, operators=["+", "*"])
    copy = clone(model)
    assert copy is not model and copy.get_params() == model.get_params() and is_regressor(model)
    y = x0 * x1 + x2
    search = GridSearchCV(model, {"max_complexity": [1, 15]}, cv=2).fit(X, y)
    assert search.best_params_ == {"max_complexity": 15} and search.best_score_ > 0.999
    assert make_pipeline(MinMaxScaler(), clone(model)).fit(X, y).score(X, y) > 0.8
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        model.set_params(depth=3)
    with pytest.raises(ValueError, match="fit"):
        model.predict(X)


MODELS_DIFFER = {  # what a keras.Model does otherwise, or what so short a search cannot reach
    "check_no_attributes_set_in_init": "a model has attributes from the start",
    "check_dont_overwrite_parameters": "fit sets history",
    "check_do_not_raise_errors_in_init_or_set_params": "a model's name must be a string",
    "check_estimator_sparse_array": "the error is a TypeError of our own",
    "check_estimator_sparse_matrix": "the error is a TypeError of our own",
    "check_regressors_train": "the search is too short to fit the data of the check",
}


@pytest.mark.slow
def test_sklearns_own_checks():
    from sklearn.utils.estimator_checks import check_estimator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(programs.Formula(max_evaluations=2e6), on_fail=None, on_skip=None)
    failed = {c["check_name"] for c in found if c["status"] == "failed"}
    assert len(found) > 40 and failed <= set(MODELS_DIFFER)


@pytest.mark.slow
def test_several_processes(tmp_path):
    y = noisy(x0 * np.sin(x1) / (1 + x2))
    first, second = (fitted(y, processes=2, work=2e8) for _ in range(2))
    assert [c.tokens for c in first.front] == [c.tokens for c in second.front]
    assert first.best.loss < 1e-4
    first.save_state(tmp_path / "state.json")
    resumed = programs.Formula(processes=2).fit(X, y, max_evaluations=3e8, resume=tmp_path / "state.json", verbose=0)
    assert resumed.best.loss <= first.best.loss * (1 + 1e-9)
