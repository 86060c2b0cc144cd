"""A variational autoencoder (Kingma & Welling, 2014) with a train_step of its own.

Written in the form that Keras documents for JAX: the step is a pure function of the state, which goes in and comes out.
The model learns to squeeze a digit of 8 x 8 pixels into two numbers and to draw it again.

    python examples/vae.py --epochs 40 --out results       # also draws the plane of digits, results/vae.png
"""

import argparse
from pathlib import Path

import jax
import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

LATENT = 2


class Sampling(layers.Layer):
    """Draws z from the normal distribution with the given mean and logarithm of the variance."""

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs):
        mean, log_variance = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise  # (batch, latent)


def build_encoder(seed=None):
    image = keras.Input(shape=(8, 8, 1))
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="swish")(image)  # (batch, 4, 4, 16)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="swish")(x)  # (batch, 2, 2, 32)
    x = layers.Dense(64, activation="swish")(layers.Flatten()(x))
    mean = layers.Dense(LATENT, name="mean")(x)
    log_variance = layers.Dense(LATENT, name="log_variance")(x)
    z = Sampling(seed, name="sampling")([mean, log_variance])
    return keras.Model(image, [mean, log_variance, z], name="encoder")


def build_decoder():
    z = keras.Input(shape=(LATENT,))
    x = layers.Dense(64, activation="swish")(z)
    x = layers.Reshape((2, 2, 32))(layers.Dense(2 * 2 * 32, activation="swish")(x))
    x = layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="swish")(x)  # (batch, 4, 4, 32)
    x = layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="swish")(x)  # (batch, 8, 8, 16)
    return keras.Model(z, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x), name="decoder")


class VAE(keras.Model):
    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.trackers = [keras.metrics.Mean(name=name) for name in ("loss", "reconstruction", "divergence")]

    @property
    def metrics(self):
        return self.trackers

    def call(self, x, training=False):
        mean, log_variance, z = self.encoder(x, training=training)
        return self.decoder(z if training else mean, training=training), mean, log_variance

    def compute_loss_and_updates(self, trainable_variables, non_trainable_variables, x, training=False):
        (drawn, mean, log_variance), non_trainable_variables = self.stateless_call(
            trainable_variables, non_trainable_variables, x, training=training
        )
        # Cross-entropy summed over the pixels, and the divergence from the standard normal; in nats per image.
        reconstruction = ops.mean(ops.sum(keras.losses.binary_crossentropy(x, drawn), axis=(1, 2)))
        divergence = -0.5 * ops.mean(ops.sum(1 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=1))
        loss = reconstruction + divergence
        return loss, ((loss, reconstruction, divergence), non_trainable_variables)

    def train_step(self, state, data):
        trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables = state
        grad_fn = jax.value_and_grad(self.compute_loss_and_updates, has_aux=True)
        (_, (values, non_trainable_variables)), grads = grad_fn(
            trainable_variables, non_trainable_variables, self.images_of(data), training=True
        )
        trainable_variables, optimizer_variables = self.optimizer.stateless_apply(
            optimizer_variables, grads, trainable_variables
        )
        logs, metrics_variables = self.update_trackers(metrics_variables, values)
        return logs, (trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables)

    def test_step(self, state, data):
        trainable_variables, non_trainable_variables, metrics_variables = state
        _, (values, non_trainable_variables) = self.compute_loss_and_updates(
            trainable_variables, non_trainable_variables, self.images_of(data)
        )
        logs, metrics_variables = self.update_trackers(metrics_variables, values)
        return logs, (trainable_variables, non_trainable_variables, metrics_variables)

    @staticmethod
    def images_of(data):
        return data[0] if isinstance(data, (tuple, list)) else data

    def update_trackers(self, metrics_variables, values):
        """The metrics' values and their new variables, which stand in one flat list, metric after metric."""
        logs, new_variables, start = {}, [], 0
        for metric, value in zip(self.metrics, values):
            end = start + len(metric.variables)
            variables = metric.stateless_update_state(metrics_variables[start:end], value)
            logs[metric.name] = metric.stateless_result(variables)
            new_variables += variables
            start = end
        return logs, new_variables


def draw_plane(decoder, path, n=14):
    """Pictures of the digits decoded at the n x n quantiles of the standard normal distribution in the plane."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no picture")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    levels = (np.arange(n, dtype="float32") + 0.5) / n
    axis = np.sqrt(2) * ops.convert_to_numpy(ops.erfinv(2 * levels - 1))  # from -1.8 to 1.8
    z = np.array([(a, b) for b in axis[::-1] for a in axis], dtype="float32")  # (n * n, 2), from the top row down
    tiles = decoder.predict(z, verbose=0).reshape(n, n, 8, 8)
    tiles = np.pad(tiles, [(0, 0), (0, 0), (1, 1), (1, 1)])  # a white line around each
    figure, axes = plt.subplots(figsize=(6, 6))
    axes.imshow(tiles.transpose(0, 2, 1, 3).reshape(n * 10, n * 10), cmap="gray_r")
    axes.set(xticks=[], yticks=[], xlabel="first latent number", ylabel="second latent number")
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)
    print(f"drawn: {path}")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--out", type=Path, default=None, help="folder for the picture of the latent plane")
    args = parser.parse_args(argv)

    keras.utils.set_random_seed(0)
    images = load_digits().images[..., None].astype("float32") / 16.0  # (1797, 8, 8, 1), pixels in [0, 1]
    x_train, x_test = train_test_split(images, test_size=0.2, random_state=0)

    model = VAE(build_encoder(seed=1), build_decoder())
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=5e-3))
    history = model.fit(x_train, batch_size=64, epochs=args.epochs, verbose=0)
    test = model.evaluate(x_test, return_dict=True, verbose=0)

    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        draw_plane(model.decoder, args.out / "vae.png")
    print(
        f"test loss {test['loss']:.2f} nats per image "
        f"(reconstruction {test['reconstruction']:.2f}, divergence {test['divergence']:.2f})"
    )
    return {**{f"test_{name}": value for name, value in test.items()}, "history": history.history}


if __name__ == "__main__":
    main()
