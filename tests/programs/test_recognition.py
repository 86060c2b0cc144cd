"""Networks that weigh a language after a look at the examples: sampled tasks, costs, search, files."""

import random

import numpy as np
import pytest

import keraunos as keras
from examples import own_domain
from keraunos import programs
from keraunos.programs.synthesis.features import features
from keraunos.programs.synthesis.made_up import COLUMNS, made_up
from keraunos.programs.synthesis.prior import costs_of
from keraunos.programs.synthesis.sampling import sample_tasks

CAPITALS = [("Ada Lovelace", "ADA LOVELACE"), ("Alan Turing", "ALAN TURING")]


@pytest.fixture(scope="module")
def tasks():
    return list(sample_tasks(programs.strings, 400, seed=3))


@pytest.fixture(scope="module")
def model(tasks):
    keras.utils.set_random_seed(0)
    fitted = programs.RecognitionModel(units=32)
    fitted.fit(tasks, epochs=12, batch_size=16, verbose=0)
    return fitted


def test_sampled_tasks_are_not_trivial(tasks):
    known = costs_of(programs.strings, programs.strings.constants)
    for task in tasks:
        outputs = list(map(str, task.outputs))
        assert len(set(outputs)) > 1
        assert all(list(map(str, column)) != outputs for column in zip(*task.inputs))
    used = {part for task in tasks for part in task.parts}
    assert {"upper", "cut", "number", "if_text", "contains", "Pattern DIGITS"} <= used
    assert len(used & set(known)) > 60
    assert len({repr(t[:2]) for t in tasks}) == len(tasks)


def test_sampled_tasks_follow_the_seed(tasks):
    again = list(sample_tasks(programs.strings, 30, seed=3))
    assert again == tasks[:30]
    assert list(sample_tasks(programs.strings, 30, seed=4)) != again


def test_made_up_cells_are_various():
    rng = random.Random(0)
    assert len({str(kind(rng)) for kind in COLUMNS}) > 0.9 * len(COLUMNS)
    for _ in range(50):
        rows = made_up(rng).rows
        assert 2 <= len(rows) <= 6 and len({len(row) for row in rows}) == 1


@pytest.mark.parametrize(
    "inputs, outputs",
    [([("a",)], ["b"]), ([("", "x", 3.5)], [""]), ([("12 km",), ("²",)], [1.5, 2.0]), ([("Ñandú\n",)] * 7, [True] * 7)],
)
def test_features_have_one_length_and_no_gaps(inputs, outputs):
    found = features(inputs, outputs)
    assert found.shape == features([("a", "b")], ["ab"]).shape and np.isfinite(found).all()


def test_network_learns_what_is_used(model, tasks):
    uses, base = model.probabilities([("abc", 3), ("hello", 5)]), keras.ops.convert_to_numpy(model.base)
    assert uses["length"] > 3 * np.exp(base[model.parts.index("length")])
    assert uses["title"] < np.exp(base[model.parts.index("title")])
    x, y = model._arrays(sample_tasks(programs.strings, 150, seed=9))
    bce = keras.losses.BinaryCrossentropy(from_logits=True)
    assert float(bce(y, model.predict(x, verbose=0))) < 0.95 * float(bce(y, np.broadcast_to(base, y.shape)))


def test_costs_change_by_little(model):
    own, now = costs_of(programs.strings, programs.strings.constants), model.costs(CAPITALS)
    assert set(now) <= set(own) and now != own
    assert all(cost >= 1 and -1 <= cost - own[part] <= 2 for part, cost in now.items())


def test_search_with_a_prior_ranks_by_the_costs_of_the_language(model):
    examples, rest = [("Ada Lovelace", "LOVELACE, Ada"), ("Alan Turing", "TURING, Alan")], ["Grace Hopper"]
    plain, guided = (programs.synthesize(examples, inputs=rest, prior=p) for p in (None, model))
    assert guided.best("Grace Hopper") == plain.best("Grace Hopper") == "HOPPER, Grace"
    assert guided.best.cost == guided.best.expression.cost
    assert guided.suspects() == []


def test_interrupted_search_with_a_prior_goes_on(model, tmp_path):
    file = tmp_path / "search.json"
    examples = [("Ada Lovelace", "LOVELACE, Ada"), ("Alan Turing", "TURING, Alan")]
    programs.synthesize(examples, prior=model, state=file, watch=lambda level, logs: level == 2)
    assert file.exists()
    again = programs.synthesize(examples, state=file)  # with the costs that the file holds
    assert again.best("Grace Hopper") == "HOPPER, Grace" and not file.exists()


def test_table_program_takes_a_prior(model):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"name": ["ada", "alan", "grace"], "loud": ["ADA", "ALAN", None]})
    program = programs.TableProgram("loud")
    program.fit(table, prior=model)
    assert program.fill(table)["loud"].tolist() == ["ADA", "ALAN", "GRACE"]


def test_saved_network_gives_equal_costs(model, tmp_path):
    model.save(tmp_path / "prior.keras")
    again = keras.saving.load_model(tmp_path / "prior.keras")
    assert again.costs(CAPITALS) == model.costs(CAPITALS)
    assert again.parts == model.parts


def test_errors(model):
    with pytest.raises(RuntimeError, match="call fit"):
        programs.RecognitionModel().costs(CAPITALS)
    with pytest.raises(ValueError, match="programs.DSL\\(sample=..., features=...\\)"):
        programs.RecognitionModel(own_domain.lists)
    with pytest.raises(ValueError, match="knows the language 'strings', not"):
        programs.synthesize([([1, 2], 3)], dsl=own_domain.lists, prior=model)


# -- a language of one's own -------------------------------------------------------------------------------------------


@programs.primitive
def total(numbers: list[int]) -> int:
    return sum(numbers)


@programs.primitive
def largest(numbers: list[int]) -> int:
    return max(numbers)


@programs.primitive
def doubled(numbers: list[int]) -> list[int]:
    return [2 * n for n in numbers]


@programs.primitive
def ordered(numbers: list[int]) -> list[int]:
    return sorted(numbers)


def some_lists(rng):
    return [([rng.randint(-9, 9) for _ in range(rng.randint(2, 5))],) for _ in range(rng.randint(2, 4))]


def relations(inputs, outputs):
    rows = [
        [isinstance(o, int), o == sum(x), o == max(x), isinstance(o, list) and sum(o) == 2 * sum(x)]
        for (x,), o in zip(inputs, outputs)
    ]
    return np.mean(rows, axis=0)


def test_own_language():
    keras.utils.set_random_seed(0)
    parts = [total, largest, doubled, ordered]
    dsl = programs.DSL("sampled lists", parts, sample=some_lists, features=relations)
    model = programs.RecognitionModel(dsl, units=16)
    model.fit(150, epochs=15, batch_size=16, verbose=0)
    uses = model.probabilities([([1, 5, 2], 8), ([3, 4], 7)])
    assert uses["total"] > uses["largest"]
    assert programs.synthesize([([1, 5, 2], 16), ([3, 4], 14)], dsl=dsl, prior=model).best([1]) == 2


def test_language_without_variety_says_so():
    dsl = programs.DSL("one task", [total], sample=lambda rng: [([1, 2],), ([5],)], features=relations)
    with pytest.raises(ValueError, match="gave only 1 of 5 different tasks"):
        list(sample_tasks(dsl, 5))
    with pytest.raises(ValueError, match="no made-up inputs"):
        next(sample_tasks(own_domain.lists, 5))
