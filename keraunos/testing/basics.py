"""What an engine is made of, its dtypes, its random numbers, and its errors."""

import numpy as np
import pytest

from keraunos import ops, random
from keraunos.backend import Engine, Spec, dispatch, result_type
from keraunos.backend.dtypes import numpy_dtype
from keraunos.testing.compare import OnEngine, dtype_of, quiet

DTYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 float16 bfloat16 float32 float64 complex64 complex128".split()
MEMBERS = (*sorted(Engine.__abstractmethods__), "canonical", "dtype", "in_trace", "custom_gradient")
DRAWS = {
    "uniform": lambda: random.uniform((2, 3), -1.0, 2.0, seed=7),
    "normal": lambda: random.normal((2, 3), seed=7),
    "truncated_normal": lambda: random.truncated_normal((2, 3), seed=7),
    "randint": lambda: random.randint((2, 3), 0, 10, seed=7),
    "categorical": lambda: random.categorical(np.log(np.asarray([[0.2, 0.3, 0.5]], "float32")), 6, seed=7),
    "shuffle": lambda: random.shuffle(np.arange(6, dtype="float32"), seed=7),
    "gamma": lambda: random.gamma((5,), 2.0, seed=7),
    "beta": lambda: random.beta((5,), 2.0, 3.0, seed=7),
    "binomial": lambda: random.binomial((5,), 10.0, 0.3, seed=7),
}


class Basics(OnEngine):
    """The engine's parts, arrays, dtypes and places."""

    def test_is_found_by_its_name(self):
        assert self.engine_name in dispatch.engine_names()
        assert isinstance(self.engine, Engine)
        assert self.engine.name == self.engine_name

    @pytest.mark.parametrize("member", MEMBERS)
    def test_has_the_members_of_an_engine(self, member):
        assert callable(getattr(self.engine, member))

    @pytest.mark.parametrize("name", Engine.PRIMITIVES)
    def test_has_the_primitives(self, name):
        assert callable(getattr(self.engine.xp, name))

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_arrays_go_in_and_out(self, dtype):
        values = np.asarray([[0, 1, 2], [3, 0, 1]]).astype(numpy_dtype(dtype))
        for given in (values, values[::-1, ::2], np.zeros((0, 2), values.dtype), values[0, 1]):
            x = self.engine.asarray(given)
            assert self.engine.is_array(x) and not self.engine.is_tracer(x)
            assert tuple(x.shape) == given.shape
            assert dtype_of(x) == self.engine.canonical(dtype)
            back = self.engine.to_numpy(x)
            assert isinstance(back, np.ndarray | np.generic)
            assert np.array_equal(back, given)
        assert dtype_of(self.engine.asarray(1, dtype)) == self.engine.canonical(dtype)
        if not dtype.startswith("complex"):
            assert dtype_of(self.engine.asarray(self.engine.asarray(values), "float32")) == "float32"

    def test_what_is_no_array(self):
        assert not any(self.engine.is_array(x) for x in ("text", None, 1.0, [1.0], object()))

    def test_adopts_arrays(self):
        self.same(self.engine.adopt(np.ones((2, 3), "float32")), np.ones((2, 3)))

    def test_is_where_new_arrays_are(self):
        for x in (ops.ones((2,)), ops.arange(3), ops.convert_to_tensor([1.0, 2.0]), ops.add(1, 2)):
            assert self.engine.is_array(x)

    @pytest.mark.parametrize("first", DTYPES)
    def test_promotion(self, first):
        one = self.engine.asarray(np.ones((2,), numpy_dtype(first)))
        for second in DTYPES:
            other = self.engine.asarray(np.ones((2,), numpy_dtype(second)))
            meet = self.engine.canonical(result_type(dtype_of(one), dtype_of(other)))
            assert dtype_of(ops.add(one, other)) == meet, second
        for number, kind in ((1, int), (1.0, float)):
            assert dtype_of(ops.multiply(one, number)) == result_type(dtype_of(one), kind)

    def test_infers_shapes_without_computing(self):
        called = []

        def fn(arrays):
            called.append(all(self.engine.is_array(a) or a is not None for a in arrays))
            return {"product": ops.matmul(*arrays), "kept": 3}

        found = self.engine.abstract_eval(fn, [Spec((2, 3), "float32"), Spec((3, 5), "float32")])
        assert found == {"product": Spec((2, 5), "float32"), "kept": 3}
        assert called

    def test_places(self):
        with self.engine.device_scope("cpu:0"):
            x = ops.ones((2,))
        assert "cpu" in self.engine.device_of(x).lower()
        self.engine.wait(x)
        with pytest.raises(ValueError, match="abacus"):
            with self.engine.device_scope("abacus:0"):
                ops.ones((2,))


class Errors(OnEngine):
    """Wrong arguments are errors that name the function."""

    @pytest.mark.parametrize(
        ("error", "call"),
        [
            (ValueError, lambda x: ops.sum(x, axis=2)),
            (ValueError, lambda x: ops.reshape(x, (4, 4))),
            (ValueError, lambda x: ops.concatenate([x, x[:1]], axis=1)),
            (ValueError, lambda x: ops.transpose(x, (0, 0))),
            (IndexError, lambda x: ops.take(x, [5], axis=0)),
            (TypeError, lambda x: ops.exp("text")),
            (TypeError, lambda x: ops.add(x, object())),
        ],
        ids=["axis", "reshape", "concatenate", "transpose", "index", "text", "object"],
    )
    def test_wrong_arguments(self, error, call):
        with pytest.raises(error, match=r"(sum|reshape|concatenate|transpose|take|exp|add): "):
            call(self.engine.asarray(np.ones((2, 3), "float32")))

    def test_arrays_of_two_engines(self):
        mine = self.engine.asarray(np.ones((2,), "float32"))
        if isinstance(mine, np.ndarray):
            pytest.skip("NumPy arrays go with those of any engine")
        other = dispatch.get_engine("torch" if self.engine_name == "jax" else "jax").asarray([1.0, 2.0])
        with pytest.raises(TypeError, match=self.engine_name):
            ops.add(mine, other)


class RandomNumbers(OnEngine):
    """The same seed gives the same numbers on all engines."""

    @pytest.mark.parametrize("name", DRAWS)
    def test_numbers_are_those_of_the_host(self, name):
        found = DRAWS[name]()
        assert self.engine.is_array(found)
        with dispatch.use("numpy"), quiet():
            want = DRAWS[name]()
        self.same(found, want)

    def test_seeds_follow_each_other(self):
        seeds = random.SeedGenerator(3)
        first, second = (self.engine.to_numpy(random.uniform((4,), seed=seeds)) for _ in range(2))
        assert not np.array_equal(first, second)
        with dispatch.use("numpy"):
            again = random.SeedGenerator(3)
            want = [np.asarray(random.uniform((4,), seed=again)) for _ in range(2)]
        self.same([first, second], want)

    def test_dropout(self):
        x = self.engine.asarray(np.ones((1000,), "float32"))
        found = self.engine.to_numpy(random.dropout(x, 0.25, seed=1))
        assert set(np.unique(found.round(4))) == {np.float32(0), np.float32(1.3333)}
        assert 0.65 < (found > 0).mean() < 0.85
        self.same(random.dropout(x, 0.25, seed=1), found)
