"""Fifty million parameters to disk and back."""

from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.case import KERAS, Case, Goal, Metric, by_hand, through_keras
from benchmarks.timing import Stopwatch

WIDTH, LAYERS = 4096, 3  # 50.3 million parameters, 201 MB

CASE = Case(
    name="save",
    about="a model of three Dense(4096), 50 million parameters: save and load; by hand one array file, no architecture",
    contenders=(
        *through_keras("benchmarks.cases.save:there_and_back"),
        by_hand("numpy", "benchmarks.cases.save:numpy_there_and_back"),
    ),
    metrics=(Metric("save", "save", "s", 1.0), Metric("load", "load", "s", 1.0)),
    goals=(Goal("save", 0.5, against=KERAS), Goal("load", 0.2, against=KERAS)),
    check="sum of the absolute weights that came back",
    tolerance=1e-3,
    default=False,
    quick=False,
)


def weights() -> list[np.ndarray]:
    """Kernels and biases."""
    generator = np.random.default_rng(0)
    arrays = []
    for _ in range(LAYERS):
        arrays += [generator.standard_normal((WIDTH, WIDTH), dtype=np.float32) / 64, np.zeros(WIDTH, np.float32)]
    return arrays


def timed(save, load) -> dict:
    """Time `save(folder)` and `load(folder)`; the check is over the arrays that `load` gives."""
    with TemporaryDirectory() as folder:
        with Stopwatch() as saving:
            save(Path(folder))
        with Stopwatch() as loading:
            arrays = load(Path(folder))
        check = sum(float(abs(np.asarray(array)).sum(dtype=np.float64)) for array in arrays)
    return {"metrics": {"save": saving.per(), "load": loading.per()}, "check": check}


def there_and_back(module: str, quick: bool) -> dict:
    """`model.save`, and `load_model` until all weights are there."""
    keras = import_module(module)
    model = keras.Sequential([keras.Input((WIDTH,)), *(keras.layers.Dense(WIDTH) for _ in range(LAYERS))])
    model.set_weights(weights())
    return timed(
        lambda folder: model.save(folder / "model.keras"),
        lambda folder: keras.models.load_model(folder / "model.keras", compile=False).get_weights(),
    )


def numpy_there_and_back(quick: bool) -> dict:
    """`numpy.savez` and `numpy.load`."""
    arrays = weights()
    return timed(
        lambda folder: np.savez(folder / "model.npz", *arrays),
        lambda folder: list(np.load(folder / "model.npz").values()),
    )
