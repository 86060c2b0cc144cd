"""A convolutional network that reads handwritten digits.

scikit-learn's 1,797 digits of 8 x 8 pixels, a Sequential model with batch normalisation and dropout, early
stopping on a validation split, and a check that the saved model predicts what the trained one did.

    python examples/image_classifier.py --epochs 10 --out results
"""

import argparse
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def load_data():
    digits = load_digits()
    images = digits.images[..., None].astype("float32") / 16.0  # (1797, 8, 8, 1), pixels in [0, 1]
    return train_test_split(images, digits.target, test_size=0.2, stratify=digits.target, random_state=0)


def build_model():
    return keras.Sequential(
        [
            keras.Input(shape=(8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.BatchNormalization(momentum=0.8),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(momentum=0.8),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(10, activation="softmax"),
        ],
        name="digits",
    )


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--out", type=Path, default=None, help="folder for the saved model (default: a temporary one)")
    args = parser.parse_args(argv)
    out = args.out or Path(tempfile.mkdtemp())
    out.mkdir(parents=True, exist_ok=True)

    keras.utils.set_random_seed(0)
    x_train, x_test, y_train, y_test = load_data()

    model = build_model()
    model.summary()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    history = model.fit(
        x_train,
        y_train,
        batch_size=64,
        epochs=args.epochs,
        validation_split=0.1,
        callbacks=[keras.callbacks.EarlyStopping(monitor="val_loss", patience=4, restore_best_weights=True)],
        verbose=2,
    )
    test_loss, test_accuracy = model.evaluate(x_test, y_test, verbose=0)

    path = out / "image_classifier.keras"
    model.save(path)
    restored = keras.models.load_model(path)
    np.testing.assert_allclose(restored.predict(x_test, verbose=0), model.predict(x_test, verbose=0), atol=1e-6)

    print(f"saved to {path}, and the loaded model predicts the same")
    print(f"test accuracy {test_accuracy:.3f}, test loss {test_loss:.3f}")
    return {"test_accuracy": test_accuracy, "test_loss": test_loss, "history": history.history}


if __name__ == "__main__":
    main()
