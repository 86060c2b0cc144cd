"""Learning rate schedules: their defining points, engines, errors."""

import numpy as np
import pytest

import keraunos as keras
from keraunos.backend import dispatch, standardize_dtype
from keraunos.optimizers import schedules as S

POINTS = [
    # schedule, {step: rate}
    (S.ExponentialDecay(2.0, 4, 0.5), {0: 2.0, 2: 2**0.5, 4: 1.0, 8: 0.5}),
    (S.ExponentialDecay(2.0, 4, 0.5, staircase=True), {0: 2.0, 3: 2.0, 4: 1.0, 7: 1.0, 8: 0.5}),
    (S.InverseTimeDecay(2.0, 4, 1.0), {0: 2.0, 4: 1.0, 12: 0.5}),
    (S.InverseTimeDecay(2.0, 4, 1.0, staircase=True), {3: 2.0, 4: 1.0}),
    (S.PolynomialDecay(1.0, 10, 0.5), {0: 1.0, 5: 0.75, 10: 0.5, 99: 0.5}),
    (S.PolynomialDecay(1.0, 10, 0.0, power=2.0), {5: 0.25}),
    (S.PolynomialDecay(1.0, 10, 0.0, cycle=True), {0: 1.0, 5: 0.5, 10: 0.0, 15: 0.25, 20: 0.0}),
    (S.PiecewiseConstantDecay([3, 6], [1.0, 0.5, 0.25]), {0: 1.0, 3: 1.0, 4: 0.5, 6: 0.5, 7: 0.25}),
    (S.CosineDecay(1.0, 10, alpha=0.5), {0: 1.0, 5: 0.75, 10: 0.5, 99: 0.5}),
    (S.CosineDecay(0.5, 10, warmup_target=1.0, warmup_steps=5), {0: 0.5, 5: 1.0, 10: 0.5, 15: 0.0}),
    (S.CosineDecay(0.5, 10, warmup_target=1.0), {0: 1.0, 10: 0.0}),
    (S.CosineDecayRestarts(1.0, 10, t_mul=1.0, m_mul=0.5), {0: 1.0, 5: 0.5, 10: 0.5, 20: 0.25}),
]


@pytest.mark.parametrize(("schedule", "points"), POINTS)
def test_points(schedule, points):
    for step, rate in points.items():
        assert float(schedule(step)) == pytest.approx(rate, abs=1e-6)
        assert float(dispatch.current().compile(schedule)(step)) == pytest.approx(rate, abs=1e-6)
    again = S.deserialize(S.serialize(schedule))
    assert again.get_config() == schedule.get_config()
    with keras.backend.use("numpy"):
        host = schedule(np.int32(3))
    assert isinstance(host, (np.ndarray, np.generic)) and host.dtype == np.float32
    assert standardize_dtype(schedule(np.int32(3)).dtype) == "float32"


@pytest.mark.parametrize("t_mul", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("first", [5, 7, 1000])
def test_each_restart_begins_at_its_height(first, t_mul):
    """In float32 the logarithm of a start's number may be an ulp low, and the rate 0 where it should be highest."""
    schedule = S.CosineDecayRestarts(1.0, first, t_mul=t_mul, m_mul=0.5)
    start = 0
    for i in range(6):
        if start == int(start):
            assert float(schedule(int(start))) == pytest.approx(0.5**i, rel=1e-4)
        start += first * t_mul**i


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: S.CosineDecay(0.1, 0), "decay_steps must be above 0"),
        (lambda: S.PolynomialDecay(0.1, -1), "decay_steps must be above 0"),
        (lambda: S.PiecewiseConstantDecay([1], [0.1]), "one element more"),
        (lambda: S.PiecewiseConstantDecay([2, 1], [0.1] * 3), "must rise"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


class Ramp(S.LearningRateSchedule):
    """Without a get_config of its own: its arguments are kept."""

    def __init__(self, slope):
        self.slope = slope

    def __call__(self, step):
        return self.slope * keras.ops.cast(step, "float32")


def test_a_schedule_of_ones_own():
    optimizer = keras.optimizers.SGD(Ramp(0.5))
    v = keras.Variable([0.0], name="v")
    for _ in range(3):
        optimizer.apply([np.float32([1.0])], [v])
    assert float(v.numpy()[0]) == -(0 + 0.5 + 1.0)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer), custom_objects={"Ramp": Ramp})
    assert again._learning_rate.slope == 0.5
