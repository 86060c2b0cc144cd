"""A run that is killed and begun again ends as one that was never killed."""

import pathlib
import random
import subprocess
import sys
import warnings

import numpy as np
import pytest

import keraunos as keras
from keraunos.callbacks.run_state import read_state, write_state
from tests.callbacks import killed_run

SCRIPT = str(pathlib.Path(killed_run.__file__))
BATCHES = killed_run.EPOCHS * killed_run.STEPS


def start(folder, kill_at, save_freq):
    root = str(pathlib.Path(SCRIPT).parents[2])
    command = f"import sys; sys.path.insert(0, {root!r}); import runpy; sys.argv = {[SCRIPT, str(folder), str(kill_at), str(save_freq)]}; "
    return subprocess.Popen(
        [sys.executable, "-c", command + "runpy.run_path(sys.argv[0], run_name='__main__')"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What a run that is never killed ends with, and its log."""
    folder = tmp_path_factory.mktemp("whole")
    return killed_run.train(str(folder), save_freq=None), (folder / "log.csv").read_text()


def assert_same(found, expected):
    assert sorted(found) == sorted(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


@pytest.mark.trains
def test_a_killed_run_ends_bitwise_as_one_that_was_not(tmp_path, whole):
    expected, log = whole
    draw = random.Random(0)
    plans = {  # save_freq -> the batches at which its runs are killed; the last runs to the end
        freq: [*sorted(draw.sample(range(1, BATCHES - 1), kills)), -1]
        for freq, kills in ((1, 1), (3, 2), (5, 1), ("epoch", 1))
    }
    folders = {freq: tmp_path / str(freq) for freq in plans}
    for folder in folders.values():
        folder.mkdir()
    for attempt in range(3):  # the runs of all plans side by side
        running = {f: start(folders[f], ends[attempt], f) for f, ends in plans.items() if attempt < len(ends)}
        for freq, process in running.items():
            out, err = process.communicate(timeout=120)
            assert process.returncode == (0 if plans[freq][attempt] < 0 else -9), (freq, plans[freq], attempt, out, err)
    for folder in folders.values():
        with np.load(folder / "end.npz") as found:
            assert_same(found, expected)
        assert (folder / "log.csv").read_text() == log
        assert not (folder / "backup").exists()


class Stop(Exception):
    """Raised to break off a run within this process."""


class Raiser(keras.callbacks.Callback):
    """Breaks off at a batch counted over all epochs (of 5 batches)."""

    def __init__(self, at):
        super().__init__()
        self.at = at

    def on_epoch_begin(self, epoch, logs=None):
        self.before = epoch * 5

    def on_train_batch_end(self, batch, logs=None):
        if self.before + batch == self.at:
            raise Stop


def fit(folder, raise_at=None, units=4, freq=2, **options):
    keras.utils.set_random_seed(1)
    x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(units), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    )
    model.compile("adam", "mse")
    callbacks = [keras.callbacks.BackupAndRestore(folder, save_freq=freq, **options)]
    if raise_at is not None:
        callbacks.append(Raiser(raise_at))
        with pytest.raises(Stop):
            model.fit(x, x[:, 0], batch_size=8, epochs=3, verbose=0, callbacks=callbacks)
    else:
        model.fit(x, x[:, 0], batch_size=8, epochs=3, verbose=0, callbacks=callbacks)
    return model.get_weights()


@pytest.mark.parametrize(
    "damage", [lambda b: b[:50], lambda b: b[:-1], lambda b: b[:100] + b"x" + b[101:], lambda b: b""]
)
def test_a_damaged_state_falls_back_to_the_one_before_and_says_so(tmp_path, damage):
    expected = fit(tmp_path / "other")
    folder = tmp_path / "backup"
    fit(folder, raise_at=9)
    newest = folder / "run.state"
    newest.write_bytes(damage(newest.read_bytes()))
    before = (folder / "run.state.previous").read_bytes()
    with pytest.warns(UserWarning, match="damaged"):
        fit(folder, raise_at=7)  # goes on after 6 batches and is broken off before another state is saved
    assert (folder / "run.state.previous").read_bytes() == before
    with pytest.warns(UserWarning, match="damaged"):
        found = fit(folder)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_says_where_it_goes_on(tmp_path, capsys):
    fit(tmp_path / "backup", raise_at=8)
    fit(tmp_path / "backup")
    assert "at epoch 2, step 3." in capsys.readouterr().out


def test_the_state_of_another_model_is_an_error(tmp_path):
    fit(tmp_path / "backup", raise_at=8)
    with pytest.raises(ValueError, match=r"another model or optimizer: variable 0 was 'kernel' of shape \(3, 4\)"):
        fit(tmp_path / "backup", units=5)


def test_the_state_is_kept_when_asked(tmp_path):
    fit(tmp_path, delete_checkpoint=False)
    state = read_state(tmp_path / "run.state")
    assert state["run"]["epoch"] == 2 and state["run"]["step"] == 4  # batch 14 of 15
    assert not list(tmp_path.glob("*.tmp"))


def test_files_of_others_and_of_killed_runs(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    (tmp_path / ".run.state.1.abc.tmp").write_text("half")
    fit(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_callbacks_that_came_or_went(tmp_path):
    kept = [{"class": "EarlyStopping", "state": {"wait": 3}}, {"class": "History", "state": {}}]
    backup = keras.callbacks.BackupAndRestore(tmp_path)
    backup.others = [keras.callbacks.LambdaCallback(), keras.callbacks.EarlyStopping()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        backup._restore_callbacks(kept)
    assert backup.others[1].wait == 3
    backup.others = [keras.callbacks.LambdaCallback()]
    with pytest.warns(UserWarning, match="there was a EarlyStopping"):
        backup._restore_callbacks(kept)


@pytest.mark.parametrize("freq", [0, -1, "batch", 1.5, True])
def test_a_wrong_frequency_is_an_error(freq):
    with pytest.raises(ValueError, match="save_freq must be"):
        keras.callbacks.BackupAndRestore("x", save_freq=freq)


STATES = [
    {"a": 1, "b": [None, True, "text", -2.5]},
    {"x": float("inf"), "n": float("-inf"), "tiny": 5e-324},
    {"array": np.arange(6, dtype="int16").reshape(2, 3), "empty": np.zeros((0, 3)), "scalar": np.float64(1.5)},
    {1: {"nested": [np.array([True, False])]}},
]


@pytest.mark.parametrize("state", STATES)
def test_states_come_back_as_they_were(tmp_path, state):
    write_state(tmp_path / "s", state)
    found = read_state(tmp_path / "s")
    np.testing.assert_equal(found, state)


def test_a_state_of_bfloat16(tmp_path):
    array = keras.ops.convert_to_numpy(keras.ops.cast(keras.ops.arange(3), "bfloat16"))
    write_state(tmp_path / "s", {"a": array})
    found = read_state(tmp_path / "s")["a"]
    assert found.dtype == array.dtype and found.tobytes() == array.tobytes()


def test_what_is_no_plain_value_is_an_error(tmp_path):
    with pytest.raises(TypeError, match="plain values and NumPy arrays, got object"):
        write_state(tmp_path / "s", {"a": object()})
    assert not list(tmp_path.iterdir())
