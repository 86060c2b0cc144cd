"""What is shown: plain lines in a pipe, a live bar on a terminal."""

import os
import pty
import re
import subprocess
import sys

import numpy as np
import pytest

import keraunos as keras
from keraunos.callbacks.progress import number_text, time_text

X = np.zeros((40, 3), "float32")


def model():
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    made.compile("sgd", "mse", metrics=["mae"])
    return made


TIMES = {0: "0s", 5e-5: "50us", 0.012: "12ms", 3.2: "3s", 125: "2:05", 3723: "1:02:03"}
NUMBERS = {
    0.5: "0.5000",
    1e-5: "1.0000e-05",
    1234.5: "1234.5000",
    1e9: "1.0000e+09",
    0: "0.0000",
    float("nan"): "nan",
    -2.0: "-2.0000",
}


@pytest.mark.parametrize("seconds, text", TIMES.items())
def test_times(seconds, text):
    assert time_text(seconds) == text


@pytest.mark.parametrize("value, text", NUMBERS.items())
def test_numbers(value, text):
    assert number_text(value) == text


NUMBER = r"\d\.\d{4}(e-\d+)?"
STEPS = rf"5/5 - \S+ - \S+/step - loss: {NUMBER} - mae: {NUMBER}"


@pytest.mark.parametrize("verbose", [1, 2, "auto"])
def test_a_line_for_each_epoch_without_control_characters(capsys, verbose):
    model().fit(X, X[:, 0], batch_size=8, epochs=2, verbose=verbose, validation_split=0.0, validation_data=(X, X[:, 0]))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for i, line in enumerate(lines, start=1):
        assert re.fullmatch(rf"Epoch {i}/2 - {STEPS} - val_loss: {NUMBER} - val_mae: {NUMBER}", line), line


def test_evaluate_and_predict(capsys):
    made = model()
    made.evaluate(X, X[:, 0], batch_size=8)
    made.predict(X, batch_size=8)
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(STEPS, first) and re.fullmatch(r"5/5 - \S+ - \S+/step", second)


def test_silence(capsys):
    made = model()
    made.fit(X, X[:, 0], epochs=2, verbose=0)
    made.evaluate(X, X[:, 0], verbose=0)
    made.predict(X, verbose=0)
    assert capsys.readouterr().out == ""


def test_a_stream_of_unknown_length(capsys):
    model().fit(((X[:8], X[:8, 0]) for _ in range(3)), epochs=1)
    assert capsys.readouterr().out.startswith("3/3 - ")


def test_without_interactive_logging_lines_go_to_the_logger(capsys, caplog):
    keras.config.disable_interactive_logging()
    try:
        with caplog.at_level("INFO", logger="keraunos"):
            model().fit(X, X[:, 0], batch_size=8, epochs=2)
    finally:
        keras.config.enable_interactive_logging()
    assert capsys.readouterr().out == "" and [m[:9] for m in caplog.messages] == ["Epoch 1/2", "Epoch 2/2"]


SCRIPT = """
import time
from keraunos.callbacks import CallbackList
c = CallbackList(add_progbar=True, epochs=2, steps=5, verbose=1)
c.on_train_begin()
for epoch in range(2):
    c.on_epoch_begin(epoch)
    for step in range(1, 6):
        time.sleep(0.12)
        logs = {"loss": 1.0 / step} if c.wants_logs("train", step, 5) else {}
        c.show_progress(step, logs)
        if step == 3:
            print("said by another")
    c.on_epoch_end(epoch, {"loss": 0.25, "val_loss": 0.5})
c.on_train_end()
"""


def test_a_bar_on_a_terminal():
    mine, its = pty.openpty()
    environment = {
        **os.environ,
        "TERM": "xterm",
        "COLUMNS": "100",
        "LINES": "30",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=its, stderr=its, stdin=its, env=environment
    ) as process:
        os.close(its)
        out = b""
        while True:
            try:
                part = os.read(mine, 4096)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            out += part
    os.close(mine)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.decode())
    assert process.returncode == 0, text
    assert text.count("said by another") == 2
    assert re.search(r"3/5 ━{20} \S+ \S+/step - loss: 0.3333", text), text
    assert len(re.findall(r"5/5 ━{20} \S+ \S+/step - loss: 0.2500 - val_loss: 0.5000\r\n", text)) == 2
    assert text.index("Epoch 1/2") < text.index("Epoch 2/2")
    assert out.rfind(b"\x1b[?25h") >= out.rfind(b"\x1b[?25l")  # the cursor is there


def test_progbar_by_hand(capsys):
    bar = keras.utils.Progbar(4, unit_name="file")
    for _ in range(4):
        bar.add(1, [("size", 2.0)])
    assert re.fullmatch(r"4/4 - \S+ - \S+/file - size: 2.0000\n", capsys.readouterr().out)
    with pytest.raises(ValueError, match="not both"):
        keras.utils.Progbar(4, stateful_metrics=["a"], stateless_metrics=["b"])
