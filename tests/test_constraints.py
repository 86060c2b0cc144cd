"""Constraints: what holds after them, configurations."""

import numpy as np
import pytest

from keraunos import constraints

W = np.random.default_rng(0).normal(size=(4, 3, 5)).astype(np.float32)
W[:, 0, 0] = 0


@pytest.mark.parametrize("axis", [0, 1, -1, [0, 1], (0, 2)])
@pytest.mark.parametrize("cls", ["MaxNorm", "MinMaxNorm", "UnitNorm"])
def test_norms(cls, axis):
    bounds = {"MaxNorm": (0, 1.5), "MinMaxNorm": (0.5, 1.5), "UnitNorm": (1, 1)}[cls]
    arguments = {"MaxNorm": {"max_value": 1.5}, "MinMaxNorm": {"min_value": 0.5, "max_value": 1.5}, "UnitNorm": {}}[cls]
    w = np.asarray(getattr(constraints, cls)(**arguments, axis=axis)(W))
    axes = tuple(axis) if isinstance(axis, (list, tuple)) else axis
    norm, before = (np.sqrt((x**2).sum(axis=axes)) for x in (w, W))
    assert w.shape == W.shape
    assert (norm[before > 0] <= bounds[1] + 1e-5).all() and (norm[before > 0] >= bounds[0] - 1e-5).all()
    assert (norm[before == 0] == 0).all()
    inside = (before > bounds[0]) & (before < bounds[1])
    np.testing.assert_allclose(norm[inside], before[inside], rtol=1e-5)


def test_rate_goes_part_of_the_way():
    w = np.array([[3.0], [4.0]], np.float32)
    np.testing.assert_allclose(np.asarray(constraints.MinMaxNorm(0, 1, rate=0.5)(w)), w * 3 / 5, rtol=1e-5)


def test_non_negative():
    w = np.array([-np.inf, -1.0, 0.0, 2.0], np.float32)
    assert np.asarray(constraints.NonNeg()(w)).tolist() == [0, 0, 0, 2]


@pytest.mark.parametrize("name", ["MaxNorm", "NonNeg", "UnitNorm", "MinMaxNorm"])
def test_configuration(name):
    made = getattr(constraints, name)()
    again = constraints.deserialize(constraints.serialize(made))
    assert type(again) is type(made) and again.get_config() == made.get_config()
    assert (np.asarray(again(W)) == np.asarray(made(W))).all()


def test_get():
    for name, cls in (
        ("max_norm", "MaxNorm"),
        ("non_neg", "NonNeg"),
        ("unit_norm", "UnitNorm"),
        ("min_max_norm", "MinMaxNorm"),
    ):
        assert getattr(constraints, name) is type(constraints.get(name)) is getattr(constraints, cls)
    assert constraints.get(None) is None and constraints.get(abs) is abs
    assert constraints.get({"class_name": "MaxNorm", "config": {"max_value": 3, "axis": 1}}).axis == 1
    with pytest.raises(ValueError, match="Did you mean 'max_norm"):
        constraints.get("maxnorm")
    with pytest.raises(ValueError, match="got 3"):
        constraints.get(3)


def test_the_base_changes_nothing():
    assert constraints.Constraint()(W) is W
