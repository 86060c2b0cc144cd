"""Handwritten digits (1,797 real images of 8 x 8 pixels, scikit-learn's), drawn operators, and the network that sees both."""

import numpy as np
from scipy import ndimage
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import keraunos as keras
from keraunos import layers


def split(seed):
    """((images, digits) to train on, (images, digits) never trained on): 1,347 and 450 images (8, 8, 1) in [0, 1]."""
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype("float32").reshape(-1, 8, 8, 1)
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=0.25, random_state=seed, stratify=y)
    return (train_x, train_y), (test_x, test_y)


def sequences(images, digits, count, length, rng):
    """Images drawn with replacement, (count, length, 8, 8, 1), and their digits (count, length)."""
    chosen = rng.integers(len(images), size=(count, length))
    return images[chosen], digits[chosen]


def moved(images, rng, angle=10.0, shift=0.6, scale=0.08):
    """Each image turned (degrees), shifted (pixels) and scaled a little at random: (n, 8, 8, 1) to the same."""
    found = np.empty_like(images)
    for i, image in enumerate(images[..., 0]):
        turn, size = np.deg2rad(rng.uniform(-angle, angle)), 1 + rng.uniform(-scale, scale)
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / size
        offset = 3.5 - matrix @ (3.5 + rng.uniform(-shift, shift, size=2))
        found[i, ..., 0] = ndimage.affine_transform(image, matrix, offset, order=1)
    return found


STROKES = {  # from (row, column) to (row, column), in pixels
    "+": (((1.0, 3.5), (6.0, 3.5)), ((3.5, 1.0), (3.5, 6.0))),
    "-": (((3.5, 1.0), (3.5, 6.0)),),
    "*": (((1.5, 1.5), (5.5, 5.5)), ((1.5, 5.5), (5.5, 1.5))),
}


def operators(symbols, rng):
    """Synthetic operators: strokes with wandering ends and width, and noise; no person wrote them. (n, 8, 8, 1)."""
    grid = np.stack(np.mgrid[:8, :8], axis=-1).astype("float32")  # (8, 8, 2)
    found = np.zeros((len(symbols), 8, 8), "float32")
    for i, symbol in enumerate(symbols):
        shift, width = rng.normal(scale=0.5, size=2), rng.uniform(0.5, 0.9)
        for start, end in STROKES[symbol]:
            a, b = (np.array(p) + shift + rng.normal(scale=0.35, size=2) for p in (start, end))
            along = np.clip(((grid - a) @ (b - a)) / ((b - a) @ (b - a)), 0, 1)  # (8, 8)
            distance = np.linalg.norm(grid - (a + along[..., None] * (b - a)), axis=-1)
            found[i] = np.maximum(found[i], np.exp(-((distance / width) ** 2)))
        found[i] *= rng.uniform(0.8, 1.0)
    return np.clip(found + rng.normal(scale=0.03, size=found.shape), 0, 1).astype("float32")[..., None]


def network(symbols, dropout=0.3):
    """A small convolutional network from an image to the logits of the symbols: 48,000 weights."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),  # (6, 6, 32)
            layers.MaxPooling2D(),  # (3, 3, 32)
            layers.Flatten(),
            layers.Dropout(dropout),
            layers.Dense(128, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(symbols),
        ],
        name="sees",
    )


def accuracy(found, true):
    """Share of equal entries."""
    return float(np.mean(np.asarray(found) == np.asarray(true)))


def seen(sees, images):
    """The most probable symbol of each image."""
    return np.argmax(sees.predict(images, verbose=0), axis=-1)
