"""``keraunos run``: unchanged Keras scripts in a process of their own, TensorFlow not needed."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRAIN = """
import numpy as np
model = {Sequential}([{Input}((3,)), {Dense}(4, activation="relu"), {Dense}(1)])
model.compile("sgd", "mse")
history = model.fit(np.ones((8, 3)), np.ones((8, 1)), epochs=1, verbose=0)
print(type(model).__module__.split(".")[0], len(history.history["loss"]))
"""
STYLES = {  # what a script imports, and how it then says Sequential, Input and Dense
    "import keras": ("import keras", "keras.Sequential", "keras.Input", "keras.layers.Dense"),
    "from keras": (
        "from keras import Input, layers\nfrom keras.models import Sequential",
        "Sequential",
        "Input",
        "layers.Dense",
    ),
    "import tensorflow": (
        "import tensorflow as tf",
        "tf.keras.Sequential",
        "tf.keras.Input",
        "tf.keras.layers.Dense",
    ),
    "from tensorflow": (
        "from tensorflow import keras\nfrom tensorflow.keras import layers",
        "keras.Sequential",
        "keras.Input",
        "layers.Dense",
    ),
    "from tensorflow.keras.models": (
        "from tensorflow.keras.models import Sequential\nfrom tensorflow.keras.layers import Dense, Input\n"
        "import tensorflow.keras.backend as K\nassert K.floatx() == 'float32'",
        "Sequential",
        "Input",
        "Dense",
    ),
}


def run(folder, script, *arguments, options=(), **environment):
    """The finished process of ``keraunos run OPTIONS script ARGUMENTS``."""
    path = folder / "train.py"
    path.write_text(textwrap.dedent(script))
    command = [sys.executable, "-m", "keraunos", "run", *options, str(path), *arguments]
    env = {k: v for k, v in os.environ.items() if k not in ("KERAS_BACKEND", "KERAUNOS_BACKEND")}
    env |= {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **environment}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("style", STYLES)
def test_styles_of_import(tmp_path, style):
    imports, sequential, inputs, dense = STYLES[style]
    done = run(tmp_path, imports + TRAIN.format(Sequential=sequential, Input=inputs, Dense=dense))
    assert (done.returncode, done.stdout) == (0, "keraunos 1\n"), done.stderr


def test_arguments_neighbours_and_name_are_a_scripts_own(tmp_path):
    (tmp_path / "helper.py").write_text("from keras import ops\ntwo = float(ops.add(1.0, 1.0))\n")
    script = """
    import sys, keras, helper
    if __name__ == "__main__":
        print(sys.argv[1:], __file__ == sys.argv[0], helper.two, keras.__name__)
    """
    done = run(tmp_path, script, "--epochs", "3", "-v", "--backend", "x", "--help")
    assert done.stdout == "['--epochs', '3', '-v', '--backend', 'x', '--help'] True 2.0 keraunos\n", done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(
    "ending, code, message",
    [
        ("sys.exit(3)", 3, ""),
        ("sys.exit('no data')", 1, "no data"),
        ("raise ValueError('mine')", 1, "ValueError: mine"),
        ("", 0, ""),
    ],
)
def test_exit_codes(tmp_path, ending, code, message):
    done = run(tmp_path, f"import sys\nimport keras\n{ending}\n")
    assert done.returncode == code, done.stderr
    assert message in done.stderr


def test_a_traceback_points_at_the_script(tmp_path):
    script = """
    import keras

    def build():
        return keras.layers.Dense(-1)

    build()
    """
    done = run(tmp_path, script)
    assert done.returncode == 1
    assert f'File "{tmp_path / "train.py"}", line 5, in build' in done.stderr
    assert "keras.layers.Dense(-1)" in done.stderr and "ValueError" in done.stderr
    assert "runpy" not in done.stderr and "typer" not in done.stderr
    done = run(tmp_path, "import keras\nif keras\n")
    assert done.stderr.startswith("  File") and "SyntaxError" in done.stderr and "line 2" in done.stderr


@pytest.mark.parametrize(
    "options, environment",
    [
        ((), {"KERAS_BACKEND": "numpy"}),
        ((), {"KERAUNOS_BACKEND": "numpy"}),
        (("--backend", "numpy"), {"KERAS_BACKEND": "jax"}),
    ],
)
def test_the_engine_is_the_one_asked_for(tmp_path, options, environment):
    script = """
    import keras
    print(keras.config.backend(), type(keras.ops.ones(2)).__module__.split(".")[0])
    """
    done = run(tmp_path, script, options=options, **environment)
    assert done.stdout == "numpy numpy\n", done.stderr


def test_what_is_missing_is_said(tmp_path):
    done = run(tmp_path, "import keras.layers.no_such_thing\n")
    assert done.returncode == 1 and "No module named 'keras.layers.no_such_thing'" in done.stderr
    done = run(tmp_path, "from keras.src import backend\n")
    assert done.returncode == 1 and "keras.src" in done.stderr
    command = [sys.executable, "-m", "keraunos", "run", "nowhere.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 2 and "nowhere.py" in done.stderr
