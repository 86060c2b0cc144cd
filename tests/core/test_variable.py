"""Variables read and written through scopes."""

import numpy as np
import pytest

import keraunos as keras
from keraunos import ops
from keraunos.core.scope import LOCAL, AutocastScope, RealRows, StateScope, real_rows
from keraunos.core.variable import Structure, functionalize


def test_assign_checks_shape_and_keeps_dtype():
    v = keras.Variable([1.0, 2.0], name="v")
    v.assign([3, 4])
    assert v.dtype == "float32" and v.numpy().tolist() == [3.0, 4.0]
    with pytest.raises(ValueError, match=r"'v'.*\(2,\).*\(3,\)"):
        v.assign([1.0, 2.0, 3.0])


def test_an_assigned_array_is_a_copy():
    given = np.zeros(4096, "float32")
    v = keras.Variable(given)
    given[:] = 1
    assert v.numpy().max() == 0
    v.assign(given)
    given[:] = 2
    assert v.numpy().max() == 1


def test_scopes_nest_and_leave_nothing():
    v, w = keras.Variable(1.0), keras.Variable(10.0)
    with StateScope([v], [ops.convert_to_tensor(2.0)]) as outer:
        with StateScope() as inner:
            w.assign(v + 1)
            assert float(w) == 3.0
            v.assign(5.0)
        assert float(v) == 2.0 and float(w) == 10.0
        assert float(inner.read(v)) == 5.0
        assert outer.written == {}
    assert float(v) == 1.0 and float(w) == 10.0 and LOCAL.state is None


def test_functionalize_refuses_what_would_be_lost():
    known, stray = keras.Variable(0.0), keras.Variable(0.0, name="stray")
    pure = functionalize(lambda: (known.assign_add(1.0), stray.assign_add(1.0))[0], [known])
    with pytest.raises(ValueError, match="stray"):
        pure([known.value])
    assert float(stray) == 0.0


def test_functionalize_under_jit_and_loop(engine):
    if not engine.trains:
        pytest.skip("the engine compiles nothing")
    v = keras.Variable(1.0)

    def double():
        v.assign(v * 2)
        return v + 1

    new, out = engine.compile(functionalize(double, [v]))([v.value])
    assert (float(new[0]), float(out), float(v)) == (2.0, 3.0, 1.0)
    pure = functionalize(double, [v])
    run = engine.steps(lambda i, carry, constants: pure(carry)[0])
    assert float(run([ops.convert_to_tensor(1.0)], (), 0, 5)[0]) == 32.0


def test_assigning_a_traced_value_outside_a_scope_is_an_error(engine):
    if not engine.traces or not engine.trains:
        pytest.skip("the engine traces nothing")
    v = keras.Variable(1.0, name="lost")
    with pytest.raises(ValueError, match="lost"):
        engine.compile(lambda x: v.assign(x))(ops.convert_to_tensor(2.0))
    assert float(v) == 1.0


def test_autocast_shows_floats_only():
    f, i = keras.Variable(1.0), keras.Variable(1, dtype="int32")
    fixed = keras.Variable(1.0, autocast=False)
    with AutocastScope("bfloat16"):
        assert [keras.backend.standardize_dtype(x.value.dtype) for x in (f, i, fixed)] == [
            "bfloat16",
            "int32",
            "float32",
        ]


def test_real_rows_are_those_of_the_batch():
    with RealRows("mask", 3, 8) as rows:
        assert real_rows(8) is rows and real_rows(5) is None
    assert real_rows(8) is None


def test_structure_version_moves_with_parts():
    layer = keras.layers.Dense(2)
    before = Structure.version
    layer.extra = [keras.layers.Dense(1)]
    assert Structure.version > before
    before = Structure.version
    layer.extra.append(keras.layers.Dense(1))
    assert Structure.version > before and len(layer._flatten_layers()) == 3


def test_path_and_name():
    with keras.name_scope("a"):
        with keras.name_scope("b"):
            assert keras.Variable(1.0, name="c").path == "a/b/c"
    with pytest.raises(ValueError, match="/"):
        keras.Variable(1.0, name="a/b")
