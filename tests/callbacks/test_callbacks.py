"""Callbacks in real runs of a small model: when they are called, what they write, what they change."""

import http.server
import json
import threading

import numpy as np
import pytest

import keraunos as keras

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X[:, 0]


def model(optimizer="sgd", **options):
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    made.compile(optimizer, "mse", **options)
    return made


def fit(*callbacks, made=None, epochs=3, **options):
    made = made or model()
    made.fit(
        X, Y, batch_size=8, epochs=epochs, verbose=0, shuffle=False, callbacks=list(callbacks), **options
    )  # 5 batches an epoch
    return made


class Note(keras.callbacks.Callback):
    """Notes the batches at whose end it is called."""

    def __init__(self, interval=None, over_epochs=False):
        super().__init__()
        self.batch_interval, self.seen, self.losses = interval, [], []
        if over_epochs:
            self.batches_before = 0

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(batch)
        self.losses.append(logs["loss"])


CALLS = [
    (Note(), [0, 1, 2, 3, 4] * 3),
    (Note(1), [0, 1, 2, 3, 4] * 3),
    (Note(2), [1, 3] * 3),
    (Note(7), []),
    (Note(2, True), [1, 3, 0, 2, 4, 1, 3]),
    (Note(7, True), [1, 3]),
]


@pytest.mark.parametrize("note, expected", CALLS)
def test_a_callback_is_called_at_its_batches_only(note, expected):
    fit(note)
    assert note.seen == expected


def test_callbacks_of_several_intervals_do_not_disturb_each_other():
    alone, together = Note(2), [Note(2), Note(3), Note(7, True)]
    fit(alone)
    fit(*together)
    assert [n.seen for n in together] == [[1, 3] * 3, [2] * 3, [1, 3]]
    assert together[0].losses == alone.losses


def test_the_intervals_that_the_loops_ask_for():
    many = keras.callbacks.CallbackList([Note(4), Note(6)])
    assert many.batch_interval("train") == 2 and many.batch_interval("test") is None
    assert [many.next_call("train", step) for step in (0, 3, 4, 5, 6)] == [4, 4, 6, 6, 8]
    none = keras.callbacks.CallbackList([keras.callbacks.EarlyStopping()])
    assert none.batch_interval("train") is None and none.next_call("train", 0) is None
    over = Note(7, True)
    over.batches_before = 5
    assert keras.callbacks.CallbackList([over]).next_call("train", 0) == 2


def test_every_event_of_a_run_in_order():
    seen = []
    names = [
        n for n in dir(keras.callbacks.Callback) if n.startswith("on_") and n not in ("on_batch_begin", "on_batch_end")
    ]
    make = {name: (lambda *args, name=name, **kwargs: seen.append(name)) for name in names}
    made = fit(keras.callbacks.LambdaCallback(**make), epochs=1, steps_per_epoch=1, validation_data=(X[:8], Y[:8]))
    batch, test = ["on_train_batch_begin", "on_train_batch_end"], ["on_test_batch_begin", "on_test_batch_end"]
    inner = ["on_epoch_begin", *batch, "on_test_begin", *test, "on_test_end", "on_epoch_end"]
    assert seen == ["on_train_begin", *inner, "on_train_end"]
    seen.clear()
    made.predict(X[:8], verbose=0, callbacks=[keras.callbacks.LambdaCallback(**make)])
    assert seen == ["on_predict_begin", "on_predict_batch_begin", "on_predict_batch_end", "on_predict_end"]


def test_older_names_of_batch_methods():
    class Old(keras.callbacks.Callback):
        count = 0

        def on_batch_end(self, batch, logs=None):
            self.count += 1

    old = Old()
    fit(old)
    assert old.count == 15


def test_params_are_told():
    params = []
    fit(keras.callbacks.LambdaCallback(set_params=lambda given: params.append(dict(given))))
    assert params[0]["epochs"] == 3 and params[0]["steps"] == 5 and params[0]["verbose"] == 0


@pytest.mark.parametrize("wrong", [object(), keras.callbacks.History, lambda epoch: None])
def test_what_is_no_callback_is_an_error(wrong):
    with pytest.raises((ValueError, TypeError), match="Callback|self"):
        fit(wrong)


def test_early_stopping_restores_the_best_weights():
    best = {}

    def worse_after_two(epoch, logs):
        if epoch == 1:
            best["weights"] = [w.copy() for w in made.get_weights()]
        logs["val_loss"] = [3.0, 1.0, 2.0, 2.0][epoch]

    made = model()
    stop = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    fit(keras.callbacks.LambdaCallback(on_epoch_end=worse_after_two), stop, made=made, epochs=10)
    assert stop.stopped_epoch == 3 and stop.best_epoch == 1 and len(made.history.epoch) == 4
    for a, b in zip(made.get_weights(), best["weights"], strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_unknown_direction_is_an_error():
    with pytest.raises(ValueError, match="monitor='strange' is better. Pass mode="):
        fit(
            keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: logs.update(strange=1)),
            keras.callbacks.EarlyStopping("strange"),
        )


def test_the_direction_comes_from_the_metric():
    made = model(metrics=[keras.metrics.R2Score(name="fit"), "mae"])
    for name, expected in {"val_fit": 1, "mae": -1, "val_loss": -1}.items():
        stop = keras.callbacks.EarlyStopping(monitor=name)
        fit(stop, made=made, epochs=1, validation_data=(X, Y))
        assert stop.direction() == expected


# -- TerminateOnNaN --------------------------------------------------------------------------------------------------------


def exploding():
    x = np.tile(X, (50, 1))
    x[1700] = 1e30
    return x, np.tile(Y, 50)


def test_a_loss_that_is_no_number_ends_training_with_finite_weights(capsys):
    made = model("adam")
    x, y = exploding()
    history = made.fit(
        x, y, batch_size=8, epochs=5, verbose=0, shuffle=False, callbacks=[keras.callbacks.TerminateOnNaN()]
    )
    assert len(history.epoch) == 1 and "last finite weights" in capsys.readouterr().out
    variables = [*made.variables, *made.optimizer.variables]
    assert all(np.isfinite(np.asarray(v)).all() for v in variables)
    assert 0 < int(made.optimizer.iterations.numpy()) < 250
    before = made.evaluate(X, Y, verbose=0)
    made.fit(X, Y, epochs=20, verbose=0)  # goes on from there
    assert made.evaluate(X, Y, verbose=0) < before


@pytest.mark.trains
def test_it_raises_when_asked_and_nobody_hears_of_an_end():
    ends = []
    x, y = exploding()
    heard = keras.callbacks.LambdaCallback(on_train_end=lambda logs: ends.append(1))
    with pytest.raises(RuntimeError, match="the loss is (nan|inf)"):
        model("adam").fit(
            x, y, verbose=0, shuffle=False, callbacks=[keras.callbacks.TerminateOnNaN(raise_error=True), heard]
        )
    assert not ends


def test_a_sound_run_is_not_changed():
    expected = fit().get_weights()
    for a, b in zip(fit(keras.callbacks.TerminateOnNaN()).get_weights(), expected, strict=True):
        np.testing.assert_array_equal(a, b)


# -- files -----------------------------------------------------------------------------------------------------------------


def test_checkpoints_of_weights_hold_the_weights_of_their_batch(tmp_path):
    expected = {}

    class Weights(keras.callbacks.Callback):
        done = 0

        def on_train_batch_end(self, batch, logs=None):
            self.done += 1
            expected[self.done] = [w.copy() for w in self.model.get_weights()]

    path = str(tmp_path / "inner" / "{epoch:02d}-{batch}-{loss:.1f}.weights.h5")
    fit(keras.callbacks.ModelCheckpoint(path, save_weights_only=True, save_freq=7))
    fit(Weights())
    files = sorted((tmp_path / "inner").iterdir())
    assert [f.name.rsplit("-", 1)[0] for f in files] == ["02-2", "03-4"]
    for file, done in zip(files, (7, 14), strict=True):
        made = model()
        made.load_weights(file)
        for a, b in zip(made.get_weights(), expected[done], strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_best_model_is_written(tmp_path, capsys):
    losses = iter([2.0, 1.0, 3.0])
    given = keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: logs.update(val_loss=next(losses)))
    path = tmp_path / "{epoch}.keras"
    fit(given, keras.callbacks.ModelCheckpoint(path, save_best_only=True, verbose=1))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1.keras", "2.keras"]
    assert "val_loss improved from 2.00000 to 1.00000" in capsys.readouterr().out
    assert keras.saving.load_model(tmp_path / "2.keras").count_params() == 4


WRONG_CHECKPOINTS = [
    ({"filepath": "m"}, "must end in .keras or .h5, got 'm'"),
    ({"filepath": "m.keras", "save_weights_only": True}, "must end in .weights.h5"),
    ({"filepath": "m.keras", "save_freq": 0}, "save_freq must be"),
]


@pytest.mark.parametrize("options, message", WRONG_CHECKPOINTS)
def test_wrong_arguments_of_a_checkpoint(options, message):
    with pytest.raises(ValueError, match=message):
        keras.callbacks.ModelCheckpoint(**options)


def test_a_path_that_names_what_is_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"names 'val_loss', which is not there; it may name \['epoch', 'loss'\]"):
        fit(keras.callbacks.ModelCheckpoint(tmp_path / "{val_loss}.keras"))


def test_csv_with_validation_in_some_epochs(tmp_path):
    path = tmp_path / "log.csv"
    fit(keras.callbacks.CSVLogger(path, separator=";"), epochs=4, validation_data=(X, Y), validation_freq=3)
    rows = [line.split(";") for line in path.read_text().splitlines()]
    assert rows[0] == ["epoch", "loss", "val_loss"] and [r[0] for r in rows[1:]] == list("0123")
    assert [r[2] == "NA" for r in rows[1:]] == [True, True, False, True]
    fit(keras.callbacks.CSVLogger(path, separator=";", append=True), epochs=1)
    assert len(path.read_text().splitlines()) == 6
    fit(keras.callbacks.CSVLogger(path), epochs=1)
    assert path.read_text().startswith("epoch,loss\n0,") and len(path.read_text().splitlines()) == 2


def test_csv_with_arrays_and_separators_in_values(tmp_path):
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    log.on_train_begin()
    log.on_epoch_end(0, {"f1": np.array([0.5, 1.0]), "a": 1.0})
    assert (tmp_path / "log.csv").read_text() == 'epoch,a,f1\n0,1.0,"[0.5, 1.0]"\n'


def test_tensorboard(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    board = keras.callbacks.TensorBoard(tmp_path, histogram_freq=2, update_freq=4, write_steps_per_second=True)
    history = fit(board, validation_data=(X, Y)).history.history
    found = {}
    for part in ("train", "validation"):
        events = accumulator.EventAccumulator(str(tmp_path / part), size_guidance={"tensors": 0}).Reload()
        found[part] = {tag: events.Tensors(tag) for tag in events.Tags()["tensors"]}
    assert {"epoch_learning_rate", "epoch_steps_per_second", "batch_steps_per_second"} <= set(found["train"])
    values = [e.tensor_proto.float_val[0] for e in found["train"]["epoch_loss"]]
    np.testing.assert_allclose(values, history["loss"], rtol=1e-6)
    assert [e.step for e in found["train"]["batch_loss"]] == [4, 8, 12]
    histogram = next(tag for tag in found["train"] if tag.endswith("kernel/histogram"))
    assert [e.step for e in found["train"][histogram]] == [0, 2]
    assert [e.step for e in found["validation"]["evaluation_loss_vs_iterations"]] == [5, 10, 15]


def test_tensorboard_says_what_it_does_not_offer():
    with pytest.warns(UserWarning, match="write_images=True has no effect"):
        keras.callbacks.TensorBoard(write_images=True)
    with pytest.raises(ValueError, match="update_freq must be"):
        keras.callbacks.TensorBoard(update_freq=0)


def test_remote_monitor():
    pytest.importorskip("requests")
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            """Nothing is printed."""

    with http.server.HTTPServer(("localhost", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        root = f"http://localhost:{server.server_port}"
        fit(keras.callbacks.RemoteMonitor(root, send_as_json=True), epochs=2)
        server.shutdown()
        thread.join()
    assert [(path, sorted(sent)) for path, sent in got] == [("/publish/epoch/end/", ["epoch", "loss"])] * 2
    with pytest.warns(UserWarning, match="could not be reached"):
        keras.callbacks.RemoteMonitor("http://localhost:9").on_epoch_end(0, {"loss": np.float32(1)})


# -- weights and rates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on_epoch", [False, True])
def test_validation_with_running_means(on_epoch):
    def optimizer():
        return keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)

    seen = {}

    class See(keras.callbacks.Callback):
        def on_test_begin(self, logs=None):
            seen["test"] = self.model.get_weights()[0].copy()

        def on_epoch_end(self, epoch, logs=None):
            seen["epoch"] = self.model.get_weights()[0].copy()
            seen["other"] = np.asarray(self.model.optimizer._model_variables_moving_average[0]).copy()

    made = model(optimizer())
    fit(keras.callbacks.SwapEMAWeights(swap_on_epoch=on_epoch), See(), made=made, validation_data=(X, Y))
    means, weights = (seen["epoch"], seen["other"]) if on_epoch else (seen["other"], seen["epoch"])
    np.testing.assert_array_equal(seen["test"], means)
    assert not np.array_equal(means, weights)
    plain = model(optimizer())
    seen.clear()
    fit(See(), made=plain, validation_data=(X, Y))
    np.testing.assert_array_equal(seen["epoch"], weights)  # training goes on with the weights


def test_running_means_need_an_optimizer_that_keeps_them():
    with pytest.raises(ValueError, match="use_ema=True"):
        fit(keras.callbacks.SwapEMAWeights())


def test_the_learning_rate_is_set_and_logged():
    made = fit(keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2))
    np.testing.assert_allclose(made.history.history["learning_rate"], [0.005, 0.0025, 0.00125], rtol=1e-6)
    with pytest.raises(ValueError, match="schedule must return a float"):
        fit(keras.callbacks.LearningRateScheduler(lambda epoch: "fast"))
