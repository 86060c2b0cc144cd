"""An LSTM that tells whether a text runs forwards or backwards, character by character.

The text is real English: the descriptions that scikit-learn ships with its data sets. Pieces of five to nine words
are left as they are or reversed. Both have the same characters, so only their order can tell. The pieces differ in
length, so they are padded, and the embedding's mask hides the padding from the LSTM.

    python examples/sequence_classifier.py --epochs 10 --out results
"""

import argparse
import re
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers
from sklearn import datasets

TEXTS = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
ALPHABET = " abcdefghijklmnopqrstuvwxyz"
CODES = {character: code for code, character in enumerate(ALPHABET, start=1)}  # 0 is the padding


def read_words():
    """The descriptions' words, in lower case, without figures and addresses."""
    text = " ".join(getattr(datasets, f"load_{name}")().DESCR for name in TEXTS).lower()
    return re.findall(r"[a-z]+", re.sub(r"https?://\S+", " ", text))


def make_pieces(words, count, rng):
    """`count` padded pieces of the words, (count, length), and whether each is reversed, (count,)."""
    pieces, reversed_ = [], rng.integers(0, 2, size=count)
    for flip in reversed_:
        size = rng.integers(5, 10)
        start = rng.integers(0, len(words) - size)
        piece = " ".join(words[start : start + size])
        pieces.append([CODES[character] for character in (piece[::-1] if flip else piece)])
    return keras.utils.pad_sequences(pieces, maxlen=64, padding="post", truncating="post"), reversed_


def build_model(bidirectional=False):
    recurrent = layers.LSTM(48)
    return keras.Sequential(
        [
            keras.Input(shape=(None,), dtype="int32"),
            layers.Embedding(len(ALPHABET) + 1, 16, mask_zero=True),
            layers.Bidirectional(recurrent) if bidirectional else recurrent,
            layers.Dropout(0.3),
            layers.Dense(1),
        ],
        name="direction",
    )


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--out", type=Path, default=None, help="folder for the log (default: a temporary one)")
    parser.add_argument("--bidirectional", action="store_true", help="read each piece from both ends")
    args = parser.parse_args(argv)
    out = args.out or Path(tempfile.mkdtemp())
    out.mkdir(parents=True, exist_ok=True)

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    words = read_words()
    first, second = int(0.7 * len(words)), int(0.85 * len(words))  # the three parts share no passage
    x_train, y_train = make_pieces(words[:first], 2048, rng)
    x_val, y_val = make_pieces(words[first:second], 512, rng)
    x_test, y_test = make_pieces(words[second:], 512, rng)

    model = build_model(args.bidirectional)
    model.summary()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-2),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")],
    )
    log = out / "sequence_classifier.csv"
    history = model.fit(
        x_train,
        y_train,
        batch_size=64,
        epochs=args.epochs,
        validation_data=(x_val, y_val),
        callbacks=[
            keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=2),
            keras.callbacks.CSVLogger(log),
        ],
        verbose=2,
    )
    test_loss, test_accuracy = model.evaluate(x_test, y_test, verbose=0)

    print(f"the log of {len(log.read_text().splitlines()) - 1} epochs: {log}")
    print(f"test accuracy {test_accuracy:.3f}, test loss {test_loss:.3f}")
    return {"test_accuracy": test_accuracy, "test_loss": test_loss, "history": history.history}


if __name__ == "__main__":
    main()
