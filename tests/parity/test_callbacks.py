"""Decisions of callbacks on given sequences of logs: keraunos's and Keras's, driven by hand on stand-ins for models."""

import itertools
import random
import types
import warnings

import numpy as np
import pytest

import keraunos
from keraunos.callbacks.monitor import direction_of

keras = pytest.importorskip("keras")


class Model:
    """As much of a model as callbacks of epochs touch; notes what they do."""

    def __init__(self, rate=1.0):
        self.metrics, self.stop_training, self.events = [], False, []
        self.optimizer = types.SimpleNamespace(learning_rate=rate)
        self.epoch = None

    def get_weights(self):
        return [self.epoch]

    def set_weights(self, weights):
        self.events.append(("set", weights))

    def save(self, path, overwrite=True):
        self.events.append(("save", str(path)))

    save_weights = save


def drive(callback, series, name="val_loss", model=None):
    """Call the callback at the events of a fit; returns what can be seen after each epoch, and at the end."""
    model = model or Model()
    callback.set_model(model)
    callback.set_params({"epochs": len(series), "steps": 1, "verbose": 0})
    seen = []
    callback.on_train_begin()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a number that is not there
        for epoch, value in enumerate(series):
            model.epoch = epoch
            callback.on_epoch_begin(epoch)
            logs = {} if value is None else {name: value}
            callback.on_train_batch_end(0, dict(logs))
            callback.on_epoch_end(epoch, logs)
            seen.append(
                (
                    model.stop_training,
                    float(model.optimizer.learning_rate),
                    logs.get("learning_rate"),
                    list(model.events),
                )
            )
            if model.stop_training:
                break
        callback.on_train_end()
    return seen, model.events


def serieses(count=12, length=12):
    draw = random.Random(3)
    for _ in range(count):
        yield [None if draw.random() < 0.05 else round(draw.uniform(0, 1), 1) for _ in range(length)]
    yield [1.0, 0.5, float("nan"), 0.4, 0.6, 0.7, 0.8]
    yield [0.5] * 6
    yield [float(v) for v in range(8, 0, -1)]
    yield [0.0, -1.0, -0.95, -0.9]


SERIES = list(serieses())


def grid(**choices):
    return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]


# Keras compares in float32, so no difference of the series may be min_delta.
STOPPING = grid(
    mode=["min", "max", "auto"],
    patience=[0, 1, 3],
    min_delta=[0, 0.13],
    baseline=[None, 0.45],
    restore_best_weights=[False, True],
    start_from_epoch=[0, 2],
)


def test_early_stopping():
    for options in STOPPING:
        for series in SERIES:
            found = drive(keraunos.callbacks.EarlyStopping(**options), series)
            expected = drive(keras.callbacks.EarlyStopping(**options), series)
            assert found == expected, (options, series)


PLATEAUS = grid(
    mode=["min", "max"],
    patience=[0, 1, 3],
    min_delta=[0, 0.13, -0.13],
    factor=[0.5, 0.1],
    cooldown=[0, 2],
    min_lr=[0.0, 0.2],
)


def test_reduce_lr_on_plateau():
    for options in PLATEAUS:
        for series in SERIES:
            found = drive(keraunos.callbacks.ReduceLROnPlateau(**options), series)
            expected = drive(keras.callbacks.ReduceLROnPlateau(**options), series)
            np.testing.assert_allclose(
                [s[1] for s in found[0]], [s[1] for s in expected[0]], rtol=1e-6, err_msg=str((options, series))
            )


CHECKPOINTS = grid(
    mode=["min", "max", "auto"],
    save_best_only=[False, True],
    initial_value_threshold=[None, 0.45],
    save_freq=["epoch", 1, 3],
    save_weights_only=[False, True],
)


def test_model_checkpoint(tmp_path):
    for options in CHECKPOINTS:
        if options["save_best_only"] and options["save_freq"] != "epoch":
            continue  # Keras fails: it learns what is better at the end of an epoch only
        # Whole series only: without the number Keras saves nothing either, but then fails on the name of the file.
        for series in [s for s in SERIES if None not in s]:
            ending = ".weights.h5" if options["save_weights_only"] else ".keras"
            path = str(tmp_path / ("{epoch:02d}-{val_loss:.1f}" + ending))
            ours = keraunos.callbacks.ModelCheckpoint(path, **options)
            found = drive(keraunos.callbacks.CallbackList([ours]), series)
            assert found == drive(keras.callbacks.ModelCheckpoint(path, **options), series), (options, series)


SCHEDULES = [lambda epoch, rate: rate * 0.5, lambda epoch, rate: 1.0 / (epoch + 1), lambda epoch: 0.1 * epoch]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_learning_rate_scheduler(schedule):
    found = drive(keraunos.callbacks.LearningRateScheduler(schedule), [1.0] * 5)
    expected = drive(keras.callbacks.LearningRateScheduler(schedule), [1.0] * 5)
    np.testing.assert_allclose([s[1:3] for s in found[0]], [s[1:3] for s in expected[0]], rtol=1e-6)


ARGUMENTS = (
    {},
    {"num_classes": 2},
    {"threshold": 0.5},
    {"precision": 0.5},
    {"recall": 0.5},
    {"sensitivity": 0.5},
    {"specificity": 0.5},
)


def made(cls):
    for arguments in (*ARGUMENTS, {"num_classes": 2, "target_class_ids": [0]}):
        try:
            return cls(**arguments)
        except (TypeError, ValueError):
            continue
    return None


def test_directions_of_metrics():
    checked = 0
    for name in dir(keras.metrics):
        cls, own = getattr(keras.metrics, name), getattr(keraunos.metrics, name, None)
        if not (isinstance(cls, type) and issubclass(cls, keras.metrics.Metric)) or own is None:
            continue
        theirs = getattr(made(cls), "_direction", None)
        if theirs is not None:
            assert direction_of(made(own)) == {"up": 1, "down": -1}[theirs], name
            checked += 1
    assert checked > 30


FINAL = [
    {"target": 3, "values": [(1, 1e-5), (2, 3e-5), (3, 1e-6)]},
    {"target": 5, "values": [(5, 123456.0)]},
    {"target": 5, "values": [(2, 3.0), (5, 7.0)], "stateful_metrics": ["loss"]},
    {"target": 5, "values": [(2, 3.0), (5, 7.0)], "stateless_metrics": ["other"]},
]


@pytest.mark.parametrize("case", FINAL)
def test_progbar_ends_with_the_final_values(case, capsys):
    shown = []
    options = {name: value for name, value in case.items() if name != "values"}
    for library in (keraunos, keras):
        bar = library.utils.Progbar(verbose=2, **options)
        for step, value in case["values"]:
            bar.update(step, [("loss", value)], finalize=step == case["target"])
        out = capsys.readouterr().out.strip().splitlines()[-1]
        shown.append((out.split(" - ")[0], out.rsplit("loss: ", 1)[1]))
    assert shown[0] == shown[1]


def test_progbar_averages_over_steps(capsys):
    """Keras's own documentation says so; its last line shows the last value all the same."""
    bar = keraunos.utils.Progbar(10, verbose=2)
    for step, value in [(1, 1.0), (4, 2.0), (10, 5.0)]:
        bar.update(step, [("loss", value)])
    assert capsys.readouterr().out.strip().endswith("loss: 3.7000")
