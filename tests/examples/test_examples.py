"""Every example runs on every engine, and learns: one table of figures binds them all.

What is written for Keras runs unchanged on real Keras too. Keras and keraunos do not draw the same random numbers, so a run is
compared with the spread over seeds: a figure is the mean of six seeds on Keras 3.15 (JAX), its tolerance about five times the standard
deviation there. Examples of what only keraunos has are bound by five seeds of its own, on JAX.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from keraunos.cli import demo

ROOT = Path(__file__).parents[2]
RUN_MAIN = Path(__file__).with_name("run_main.py")

FRAMEWORKS = {
    "keraunos": [sys.executable, "-m", "keraunos", "run"],
    "keras": [sys.executable],
}


class Example(NamedTuple):
    """One script, the arguments of its run, what it must reach, and what it must leave."""

    name: str
    epochs: int
    figures: dict[str, tuple[float, float]]  # of the result, or "first", "last" of the history -> expected, tolerance
    history: set[str]
    files: set[str]
    says: str  # begins the closing line
    options: tuple[str, ...] = ()
    engines: tuple[str, ...] = ("jax", "torch", "tensorflow")  # those that can run it
    frameworks: tuple[str, ...] = ("keraunos", "keras")


EXAMPLES = [
    Example(
        "formula_beside_network",
        epochs=400,
        figures={"network_inside": (0.013, 0.03), "formula_inside": (0.0, 0.003), "formula_outside": (0.0, 0.003)},
        history={"loss"},
        files={"formula_beside_network.png", "pendulum.keras"},
        says="angle = cos(3.13",
        frameworks=("keraunos",),
    ),
    Example(
        "image_classifier",
        epochs=4,
        figures={
            "test_accuracy": (0.985, 0.025),
            "test_loss": (0.056, 0.045),
            "first loss": (1.11, 0.25),
            "last loss": (0.077, 0.055),
            "last val_accuracy": (0.981, 0.035),
        },
        history={"accuracy", "loss", "val_accuracy", "val_loss"},
        files={"image_classifier.keras"},
        says="test accuracy 0.9",
    ),
    Example(
        "two_inputs_two_outputs",
        epochs=12,
        figures={
            "test_loss": (0.805, 0.09),
            "test_progress_mae": (44.9, 4.5),
            "test_progress_r2": (0.34, 0.11),
            "test_high_auc": (0.821, 0.03),
            "test_high_accuracy": (0.733, 0.09),
            "first loss": (1.30, 0.60),
            "last loss": (0.703, 0.05),
            "last high_loss": (0.511, 0.055),
        },
        history={
            *("loss", "progress_loss", "progress_mae", "progress_r2"),
            *("high_loss", "high_accuracy", "high_auc"),
        },
        files={"two_inputs_two_outputs.keras"},
        says="test mean absolute error 4",
    ),
    Example(
        "vae",
        epochs=12,
        figures={
            "test_loss": (25.2, 0.5),
            "test_reconstruction": (23.6, 1.3),
            "test_divergence": (1.6, 0.9),
            "first loss": (37.1, 2.0),
            "last loss": (25.7, 0.9),
        },
        history={"loss", "reconstruction", "divergence"},
        files={"vae.png"},
        says="test loss 2",
        engines=("jax",),  # its train_step is written for JAX
    ),
    Example(
        "sequence_classifier",
        epochs=6,
        options=("--bidirectional",),
        figures={
            "test_accuracy": (0.936, 0.08),
            "test_loss": (0.25, 0.30),
            "first loss": (0.622, 0.05),
            "last loss": (0.044, 0.12),
            "last val_accuracy": (0.933, 0.05),
        },
        history={"accuracy", "loss", "val_accuracy", "val_loss", "learning_rate"},
        files={"sequence_classifier.csv"},
        says="test accuracy 0.",
    ),
    Example(
        "transformer",
        epochs=6,
        figures={
            "test_accuracy": (0.925, 0.065),
            "test_top2": (0.966, 0.025),
            "test_loss": (0.254, 0.17),
            "first loss": (1.99, 0.25),
            "last loss": (0.214, 0.09),
        },
        history={"accuracy", "loss", "top2"},
        files={"transformer.keras"},
        says="test accuracy 0.",
    ),
    Example(
        "vae_any_engine",
        epochs=12,
        figures={
            "test_loss": (24.9, 0.8),
            "test_reconstruction": (23.1, 0.7),
            "neighbour_accuracy": (0.67, 0.1),
            "first loss": (35.2, 3.7),
        },
        history={"loss", "reconstruction", "divergence"},
        files={"vae_any_engine.png"},
        says="test loss 2",
        frameworks=("keraunos",),
    ),
    Example(
        "gan",
        epochs=20,
        figures={"untrained": (1.06, 0.07), "score": (4.41, 0.4), "last discriminator": (1.30, 0.09)},
        history={"generator", "discriminator"},
        files={"gan.png"},
        says="inception score 4.",
        frameworks=("keraunos",),
    ),
    Example(
        "wgan_gp",
        epochs=6,
        figures={"on_islands": (0.536, 0.17), "least": (0.051, 0.045), "last distance": (1.02, 0.35)},
        history={"distance"},
        files={"wgan_gp.png"},
        says="points on an island: ",
        frameworks=("keraunos",),
    ),
    Example(
        "maml_sines",
        epochs=4,
        figures={"error_before": (4.44, 1.6), "error_5": (0.72, 0.27), "error_0": (3.3, 1.2)},
        history={"loss"},
        files={"maml_sines.png"},
        says="error on new sines after 5 steps: 0.",
        frameworks=("keraunos",),
    ),
    Example(
        "reinforce",
        epochs=30,
        figures={"first length": (24.4, 20.0), "last_length": (194.2, 27.0)},
        history={"length"},
        files={"reinforce.png"},
        says="the pole stood ",
        frameworks=("keraunos",),
    ),
]


def run(framework: str, arguments: list) -> str:
    """What a script prints under a framework."""
    command = [*FRAMEWORKS[framework], *map(str, arguments)]
    # Models this small gain nothing from threads, and lose much where others use the cores.
    environment = os.environ | {"PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
    environment.pop("XLA_FLAGS", None)  # compiled as a user's are, not in a hurry as the tests
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    return done.stdout


def figure(result: dict, name: str) -> float:
    """A figure of the result; "first loss" and "last loss" are of the history."""
    place, _, key = name.partition(" ")
    return result["history"][key][0 if place == "first" else -1] if key else result[name]


@pytest.fixture
def backend(pytestconfig):
    """The engine of the suite; one without gradients trains nothing."""
    name = pytestconfig.getoption("--backend")
    if name == "numpy":
        pytest.skip("the NumPy engine has no gradients: it predicts, and trains nothing")
    return name


@pytest.fixture(params=["keraunos", pytest.param("keras", marks=[pytest.mark.parity, pytest.mark.slow])])
def framework(request, backend):
    if request.param == "keras" and not importlib.util.find_spec("keras"):
        pytest.skip("real Keras is not installed")
    return request.param


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_learns_alike_on_keraunos_and_on_keras(example, framework, backend, tmp_path):
    if framework not in example.frameworks:
        pytest.skip(f"{example.name} shows what only keraunos has")
    if framework == "keraunos" and backend not in example.engines:
        pytest.skip(f"{example.name} is written for {', '.join(example.engines)}")
    out, results = tmp_path / "out", tmp_path / "results.json"
    script = ROOT / "examples" / f"{example.name}.py"
    said = run(framework, [RUN_MAIN, results, script, "--epochs", example.epochs, "--out", out, *example.options])
    result = json.loads(results.read_text(encoding="utf-8"))

    # The run was on the framework that was meant: `import keras` gave keraunos, or real Keras.
    assert result["framework"] == framework
    assert set(result["history"]) == example.history
    assert {len(values) for values in result["history"].values()} == {example.epochs}
    assert {path.name for path in out.iterdir()} == example.files
    assert said.splitlines()[-1].startswith(example.says)
    found = {name: figure(result, name) for name in example.figures}
    wrong = {
        name: f"{found[name]:.4f}, expected {expected} ± {tolerance}"
        for name, (expected, tolerance) in example.figures.items()
        if not abs(found[name] - expected) <= tolerance
    }
    assert not wrong


def test_a_script_runs_as_a_user_runs_it(backend, tmp_path):
    said = run("keraunos", [ROOT / "examples" / "two_inputs_two_outputs.py", "--epochs", 1, "--out", tmp_path])
    assert "Total params: 1,038" in said
    assert "test mean absolute error" in said.splitlines()[-1]


def test_every_example_is_tested():
    """In the table above, or by name in another test."""
    in_table = {example.name for example in EXAMPLES}
    others = [
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)
    ]
    untested = [
        path.name
        for path in (ROOT / "examples").glob("*.py")
        if path.stem not in in_table and not any(re.search(rf"\b{path.stem}\b", text) for text in others)
    ]
    assert not untested
    assert in_table <= {path.stem for path in (ROOT / "examples").glob("*.py")}


@pytest.mark.slow
def test_the_demo_reads_98_of_100_digits(backend, tmp_path):
    result = demo.run_demo(tmp_path, quiet=True)
    assert result["accuracy"] >= 0.98
    assert result["difference"] < 1e-5
    assert {path.name for path in tmp_path.iterdir()} == {"digits.keras", "digits.png"}
    assert {len(values) for values in result["history"].values()} == {demo.EPOCHS}
