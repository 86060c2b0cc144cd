"""`keraunos demo`: train a network on handwritten digits, draw what it learnt, use the saved file on two engines."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from keraunos import backend, layers, models, optimizers, saving, utils

SEED = 0
EPOCHS = 20
BATCH_SIZE = 64
VALIDATION_SPLIT = 0.1
ENGINES = ("jax", "numpy")
CLASSES = 10
PICTURED = 48  # test digits in the picture
COLUMNS = 8

INK, GREY, BLUE, ORANGE, RED = "#222222", "#8a8a8a", "#2f6db5", "#e08a1e", "#c8102e"
STYLE = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.titlesize": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
}

NEXT = """\
Next:
  keraunos show {model}
      what is in the file
  keraunos run examples/transformer.py
      a Keras script, unchanged: in it, keras is keraunos
  make bench
      the same models on Keras, hand-written JAX and keraunos, side by side
  In Python, import keraunos as keras, and write Keras; the guides are in docs/."""


def load_digits():
    """scikit-learn's 1,797 digits as (train images, train labels), (test images, test labels); pixels in [0, 1]."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = digits.images[..., None].astype("float32") / 16.0  # (1797, 8, 8, 1)
    x, x_test, y, y_test = train_test_split(
        images, digits.target, test_size=0.2, stratify=digits.target, random_state=SEED
    )
    return (x, y), (x_test, y_test)


def build_model(steps: int):
    """A compiled network of 31,000 weights for images of 8 x 8 pixels, to be trained for so many steps."""
    model = models.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.BatchNormalization(momentum=0.8),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.BatchNormalization(momentum=0.8),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="digits",
    )
    rate = optimizers.schedules.CosineDecay(3e-3, decay_steps=steps)
    model.compile(optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def predict_on(engine: str, path: Path, images: np.ndarray) -> np.ndarray:
    """The class probabilities, (batch, 10), that the saved model gives when it is loaded and run on an engine."""
    with backend.use(engine):
        return np.asarray(saving.load_model(path).predict(images, verbose=0))


def draw_curves(axes, history: dict[str, list[float]]) -> None:
    """Loss and accuracy by epoch, one below the other, for the training and the validation images."""
    for axis, name in zip(axes, ("loss", "accuracy")):
        epochs = range(1, len(history[name]) + 1)
        for key, label, color in ((name, "training", BLUE), (f"val_{name}", "validation", ORANGE)):
            marker = "o" if len(epochs) == 1 else None  # a line needs two points
            axis.plot(epochs, history[key], color=color, linewidth=1.6, marker=marker, label=label)
        axis.set_title(name.capitalize(), loc="left")
        axis.locator_params(axis="x", integer=True, min_n_ticks=1)
        axis.margins(x=0.02)
        axis.grid(axis="y", color=GREY, alpha=0.2, linewidth=0.6)
        axis.tick_params(which="both", length=0)
    axes[0].set_yscale("log")
    axes[0].legend(loc="upper right", frameon=False)
    axes[1].yaxis.set_major_formatter("{x:.0%}")
    axes[1].set_xlabel("epoch")


def choose_pictured(wrong: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Indices of test digits to show: drawn at random, and with all that are wrong as long as those are few."""
    missed = np.flatnonzero(wrong)
    if len(missed) > PICTURED // 4:  # picked out, they would look like the rule
        return np.sort(rng.choice(len(wrong), PICTURED, replace=False))
    others = rng.choice(np.flatnonzero(~wrong), PICTURED - len(missed), replace=False)
    return np.sort(np.concatenate([missed, others]))


def draw_digits(axes, images: np.ndarray, predicted: np.ndarray, labels: np.ndarray) -> None:
    """Test digits with the class that the network reads; in red, with the true one, where it is wrong."""
    shown = choose_pictured(predicted != labels, np.random.default_rng(SEED))
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    for axis, i in zip(axes.flat, shown):
        right = predicted[i] == labels[i]
        axis.imshow(images[i, ..., 0], cmap="gray_r", vmin=0, vmax=1)
        text = f"{predicted[i]}" if right else f"{predicted[i]}, is {labels[i]}"
        axis.set_title(text, color=INK if right else RED, fontsize=8, pad=3)
        axis.spines[:].set(visible=not right, color=RED, linewidth=1.2)


def draw(path: Path, history: dict[str, list[float]], images, predicted, labels) -> None:
    """The learning curves and a choice of test digits, written as a PNG file."""
    import matplotlib
    from matplotlib.figure import Figure

    wrong = int(np.sum(predicted != labels))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11, 5.4), layout="constrained")
        left, right = figure.subfigures(1, 2, width_ratios=(2, 3), wspace=0.04)
        draw_curves(left.subplots(2, 1, sharex=True), history)
        draw_digits(right.subplots(PICTURED // COLUMNS, COLUMNS), images, predicted, labels)
        title = f"What the network reads: {wrong} of {len(labels)} test digits wrong"
        right.suptitle(title, fontsize=10, x=0.03, ha="left")
        figure.savefig(path, dpi=150)


def run_demo(out_dir: Path, epochs: int | None = None, quiet: bool = False) -> dict[str, Any]:
    """Trains a convolutional network on scikit-learn's digits and leaves `digits.keras` and `digits.png` in a folder.

    The saved model is loaded and run on JAX and on NumPy, in this process, and the two are compared. Returns the
    test `accuracy` and `loss`, the `seconds` of training, the largest `difference` of a class probability between
    the engines, the `history` of the epochs, and the paths `model` and `picture`.

    >>> result = run_demo(Path("demo"), epochs=1, quiet=True)
    >>> sorted(path.name for path in Path("demo").iterdir())
    ['digits.keras', 'digits.png']
    >>> result["difference"] < 1e-5
    True
    """
    say = (lambda *words: None) if quiet else print
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    saved, picture = out_dir / "digits.keras", out_dir / "digits.png"
    epochs = EPOCHS if epochs is None else epochs

    utils.set_random_seed(SEED)
    (x, y), (x_test, y_test) = load_digits()
    steps = epochs * -(-int(len(x) * (1 - VALIDATION_SPLIT)) // BATCH_SIZE)
    model = build_model(steps)
    if not quiet:
        model.summary()
    start = time.perf_counter()
    verbose = 0 if quiet else "auto"
    fitted = model.fit(x, y, BATCH_SIZE, epochs, verbose=verbose, validation_split=VALIDATION_SPLIT)
    seconds = time.perf_counter() - start
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    say(f"\nTrained in {seconds:.1f} s: {accuracy:.1%} of {len(x_test)} unseen digits read rightly.")

    model.save(saved)
    probabilities = {engine: predict_on(engine, saved, x_test) for engine in ENGINES}
    first, second = probabilities.values()
    difference = float(np.max(np.abs(first - second)))
    say(f"Saved as {saved}. Loaded and run on {' and '.join(ENGINES)}, it differs by at most {difference:.1e}.")

    draw(picture, fitted.history, x_test, first.argmax(axis=-1), y_test)
    say(f"Learning curves and predictions: {picture}\n\n{NEXT.format(model=saved)}")
    return {
        "accuracy": float(accuracy),
        "loss": float(loss),
        "seconds": seconds,
        "difference": difference,
        "history": fitted.history,
        "model": saved,
        "picture": picture,
    }
