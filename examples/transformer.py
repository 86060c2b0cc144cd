"""A small transformer that reads a handwritten digit as a sequence of eight rows of pixels.

Pre-normalised attention blocks (Vaswani et al., 2017; Xiong et al., 2020) written with the functional API, a layer
of our own for the positions, AdamW with a warm-up and a cosine decay, and a saved model that loads with that layer.

    python examples/transformer.py --epochs 20 --out results
"""

import argparse
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


@keras.saving.register_keras_serializable(package="examples")
class PositionalEmbedding(layers.Layer):
    """Adds a learned vector to each position of a sequence."""

    def __init__(self, max_length, embeddings_initializer="uniform", **kwargs):
        super().__init__(**kwargs)
        self.max_length = max_length
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            shape=(self.max_length, input_shape[-1]),
            initializer=self.embeddings_initializer,
            name="embeddings",
        )

    def call(self, inputs):
        length = ops.shape(inputs)[1]
        return inputs + self.embeddings[:length]  # (batch, length, width)

    def get_config(self):
        config = super().get_config()
        config["max_length"] = self.max_length
        config["embeddings_initializer"] = keras.initializers.serialize(self.embeddings_initializer)
        return config


def transformer_block(x, heads, hidden, dropout):
    width = x.shape[-1]
    y = layers.LayerNormalization()(x)
    y = layers.MultiHeadAttention(num_heads=heads, key_dim=width // heads, dropout=dropout)(y, y)
    x = layers.Add()([x, y])
    y = layers.LayerNormalization()(x)
    y = layers.Dense(hidden, activation="gelu")(y)
    y = layers.Dropout(dropout)(layers.Dense(width)(y))
    return layers.Add()([x, y])


def build_model(blocks=2, width=48, heads=4, dropout=0.2):
    rows = keras.Input(shape=(8, 8), name="rows")  # eight tokens of eight pixels
    x = layers.Dense(width, name="tokens")(rows)
    x = PositionalEmbedding(max_length=8, name="positions")(x)
    for _ in range(blocks):
        x = transformer_block(x, heads, hidden=2 * width, dropout=dropout)
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(rows, layers.Dense(10, name="logits")(x), name="transformer")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--out", type=Path, default=None, help="folder for the saved model (default: a temporary one)")
    args = parser.parse_args(argv)
    out = args.out or Path(tempfile.mkdtemp())
    out.mkdir(parents=True, exist_ok=True)

    keras.utils.set_random_seed(0)
    digits = load_digits()
    x_train, x_test, y_train, y_test = train_test_split(
        digits.images.astype("float32") / 16.0, digits.target, test_size=0.2, stratify=digits.target, random_state=0
    )

    batch_size = 64
    steps = args.epochs * -(-len(x_train) // batch_size)
    warmup_steps = max(steps // 10, 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=3e-3,
        warmup_steps=warmup_steps,
        decay_steps=steps - warmup_steps,
    )
    model = build_model()
    model.summary()
    model.compile(
        optimizer=keras.optimizers.AdamW(learning_rate=schedule, weight_decay=1e-2, clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=2, name="top2")],
    )
    history = model.fit(x_train, y_train, batch_size=batch_size, epochs=args.epochs, verbose=2)
    test = model.evaluate(x_test, y_test, verbose=0, return_dict=True)

    path = out / "transformer.keras"
    model.save(path)
    restored = keras.saving.load_model(path)
    few = x_test[:32]
    np.testing.assert_allclose(restored.predict(few, verbose=0), model.predict(few, verbose=0), atol=1e-5)
    assert isinstance(restored.get_layer("positions"), PositionalEmbedding)

    print(f"saved to {path}, and the loaded model predicts the same")
    print(f"test accuracy {test['accuracy']:.3f}, among the first two {test['top2']:.3f}, test loss {test['loss']:.3f}")
    return {**{f"test_{name}": value for name, value in test.items()}, "history": history.history}


if __name__ == "__main__":
    main()
