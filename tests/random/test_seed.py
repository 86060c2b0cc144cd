"""Seeds: sequences of keys, the global generator, what is refused."""

import random

import numpy as np
import pytest

from keraunos.core.variable import functionalize
from keraunos.random import SeedGenerator, normal
from keraunos.random.seed import draw_seed, global_seed_generator, reset_global_seed_generator, set_random_seed
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


def test_ordered_keys_count_up():
    g = SeedGenerator(9)
    assert [np.asarray(g.next()).tolist() for _ in range(3)] == [[9, 0], [9, 1], [9, 2]]
    assert g.state.numpy().tolist() == [9, 3]


def test_unordered_keys_do_not_repeat():
    g = SeedGenerator(9)
    keys = {tuple(np.asarray(g.next(ordered=False)).tolist()) for _ in range(500)}
    assert len(keys) == 500


def test_the_state_is_an_untrained_variable():
    g = SeedGenerator(9, name="mine")
    assert (g.state.path, g.state.dtype, g.state.shape, g.state.trainable) == (
        "mine/seed_generator_state",
        "uint32",
        (2,),
        False,
    )
    assert g._part_kind == "seed"


def test_config():
    for seed in (None, 3):
        g = deserialize_keras_object(serialize_keras_object(SeedGenerator(seed, name="mine")))
        assert g.get_config() == {"seed": seed, "name": "mine"}
    assert g.state.numpy().tolist() == [3, 0]


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "a", np.array([1, 2])])
def test_refused_seeds(seed):
    for make in (SeedGenerator, set_random_seed, draw_seed):
        with pytest.raises(ValueError, match="seed must be"):
            make(seed)


@pytest.mark.parametrize("seed", [0, 2**32 - 1, np.int64(7), np.uint8(7)])
def test_accepted_seeds(seed):
    assert draw_seed(seed).tolist() == SeedGenerator(seed).state.numpy().tolist() == [int(seed), 0]


def test_unknown_arguments():
    with pytest.raises(ValueError, match="sed"):
        SeedGenerator(sed=1)


def test_set_random_seed_makes_all_draws_known():
    def draws():
        set_random_seed(5)
        return [
            random.random(),
            np.random.rand(),
            float(normal(())),
            float(normal(())),
            SeedGenerator().state.numpy().tolist(),
        ]

    assert draws() == draws()


def test_the_global_generator_is_drawn_when_first_needed():
    random.seed(4)
    want = random.randint(1, 10**9)
    random.seed(4)
    reset_global_seed_generator()
    assert global_seed_generator().state.numpy().tolist() == [want, 0]
    assert global_seed_generator() is global_seed_generator()


def test_a_program_that_carries_the_state_advances_it(engine):
    g = SeedGenerator(5)
    program = engine.compile(functionalize(lambda: (g.next(), g.next(ordered=False)), [g.state]))
    (state,), keys = program([g.state.value])
    want = [np.asarray(k).tolist() for k in (g.next(), g.next(ordered=False))]
    assert [np.asarray(k).tolist() for k in keys] == want
    assert np.asarray(state).tolist() == g.state.numpy().tolist()


def test_a_program_that_does_not_is_an_error_or_is_not_compiled(engine):
    for seed in (SeedGenerator(5, name="mine"), None):
        program = engine.compile(lambda x, seed=seed: x + normal((2,), seed=seed))
        if engine.name == "jax":
            with pytest.raises(ValueError, match="compiled function"):
                program(engine.asarray(1.0))
        else:
            drawn = {float(program(engine.asarray(1.0, "float32"))[0]) for _ in range(4)}
            assert len(drawn) == 4


def test_a_generator_made_inside_a_program_holds_a_value(engine):
    def made(x):
        assert not engine.is_tracer(SeedGenerator(3).state._value)
        return x

    engine.compile(made)(engine.asarray(1.0))
