"""Digits learnt from sums: no image has a label of its own, only the sum of the digits on a few of them.

scikit-learn's 1,797 handwritten digits. A classifier looks at each image; a Python function, as a layer, turns its
probabilities into those of the sum; the loss is -log P(the sum that is known).

    python examples/digit_sums.py --length 2 --epochs 6
"""

import argparse
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import keraunos as keras
from keraunos import layers, programs

SUMS = 3000


def load_data(length, rng):
    """((images (sums, length, 8, 8, 1), sums), (images, digits) that are never trained on)."""
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype("float32").reshape(-1, 8, 8, 1)
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    chosen = rng.integers(len(train_x), size=(SUMS, length))
    return (train_x[chosen], train_y[chosen].sum(axis=1)), (test_x, test_y)


def build_model(length):
    """(model from images to log P(sum), the program in it, the classifier in it)."""
    classifier = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ],
        name="classifier",
    )
    # What one more digit does to the sum. The layer finds out by itself which sums there are, and adds up their probabilities.
    total = programs.Fold(lambda total, digit: total + digit, start=0)
    program = programs.Program(total, domain=10, from_logits=True, name="sum")

    images = keras.Input((length, 8, 8, 1))
    return keras.Model(images, program(layers.TimeDistributed(classifier)(images))), program, classifier


def draw(images, digits, found, path):
    """The first images with what was read; what was misread is red."""
    figure, axes = plt.subplots(4, 12, figsize=(9, 3.6))
    for axis, image, true, read in zip(axes.flat, images, digits, found):
        axis.imshow(image[..., 0], cmap="gray_r")
        axis.set_title(read, color="black" if read == true else "red", fontsize=10)
        axis.axis("off")
    figure.suptitle("Digits read by a network that was told sums only")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=int, default=2, help="digits in a sum")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument(
        "--out", type=Path, default=None, help="folder for model and picture (default: a temporary one)"
    )
    args = parser.parse_args(argv)
    out = args.out or Path(tempfile.mkdtemp())
    out.mkdir(parents=True, exist_ok=True)

    keras.utils.set_random_seed(0)
    (x, sums), (test_x, test_digits) = load_data(args.length, np.random.default_rng(0))
    model, program, classifier = build_model(args.length)
    print(program.shortcuts())  # could other readings of the digits give the same sums?
    model.compile(keras.optimizers.Adam(2e-3), loss=programs.NegativeLogLikelihood(), metrics=["accuracy"])
    history = model.fit(x, program.encode(sums), batch_size=32, epochs=args.epochs, verbose=0)

    found = np.argmax(classifier.predict(test_x, verbose=0), axis=-1)
    accuracy = float(np.mean(found == test_digits))
    model.save(out / "digit_sums.keras")
    draw(test_x, test_digits, found, out / "digit_sums.png")
    print(f"trained on {len(x)} sums; digits never seen: {accuracy:.1%} right")
    return {"digit_accuracy": accuracy, "labels": len(program.labels), "history": history.history}


if __name__ == "__main__":
    main()
