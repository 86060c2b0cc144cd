"""The variational autoencoder of vae.py with a step that is written once and runs on every engine.

Compare the two: no state goes in and comes out by hand, because `self.value_and_grad` and the metrics find it themselves.

    python examples/vae_any_engine.py --epochs 40 --out results       # also draws where digits lie, results/vae_any_engine.png
"""

import argparse
from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

import keraunos as keras
from keraunos import layers, ops

LATENT = 2


class VAE(keras.Model):
    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        dense = lambda units: layers.Dense(units, activation="swish")
        self.encoder = keras.Sequential([keras.Input((64,)), dense(128), dense(64), layers.Dense(2 * LATENT)])
        self.decoder = keras.Sequential([keras.Input((LATENT,)), dense(64), dense(128), layers.Dense(64)])
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.trackers = {name: keras.metrics.Mean(name=name) for name in ("loss", "reconstruction", "divergence")}

    @property
    def metrics(self):
        return list(self.trackers.values())

    def encode(self, x):
        """Mean and logarithm of the variance of z, given images."""
        return ops.split(self.encoder(x), 2, axis=1)  # (batch, latent) each

    def losses_of(self, x, training):
        """Cross-entropy summed over the pixels, and the divergence from the standard normal; in nats per image."""
        mean, log_variance = self.encode(x)
        z = mean
        if training:
            z = z + ops.exp(0.5 * log_variance) * keras.random.normal(ops.shape(z), seed=self.seed_generator)
        logits = self.decoder(z)  # (batch, 64)
        reconstruction = ops.mean(ops.sum(ops.softplus(logits) - x * logits, axis=1))
        divergence = -0.5 * ops.mean(ops.sum(1 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=1))
        return reconstruction + divergence, (reconstruction, divergence)

    def train_step(self, x):
        (loss, parts), gradients = self.value_and_grad(lambda: self.losses_of(x, training=True), has_aux=True)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.tracked(loss, *parts)

    def test_step(self, x):
        loss, parts = self.losses_of(x, training=False)
        return self.tracked(loss, *parts)

    def tracked(self, *values):
        for tracker, value in zip(self.metrics, values):
            tracker.update_state(value)
        return self.get_metrics_result()


def draw_places(z, labels, path):
    """Where the digits lie in the latent plane, each as its figure."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no picture")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 6))
    for digit in range(10):
        axes.scatter(*z[labels == digit].T, marker=f"${digit}$", s=30, linewidths=0.2, color=f"C{digit}")
    axes.set(xlabel="first latent number", ylabel="second latent number", title="test digits, by their encoding's mean")
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)
    print(f"drawn: {path}")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None, help="folder for the picture of the latent plane")
    args = parser.parse_args(argv)

    keras.utils.set_random_seed(args.seed)
    images, labels = load_digits(return_X_y=True)
    images = (images / 16.0).astype("float32")  # (1797, 64), pixels in [0, 1]
    x_train, x_test, y_train, y_test = train_test_split(images, labels, test_size=0.2, random_state=0)

    model = VAE(seed=args.seed + 1)
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=5e-3))
    history = model.fit(x_train, batch_size=64, epochs=args.epochs, verbose=0)
    test = model.evaluate(x_test, return_dict=True, verbose=0)

    # Two numbers per image, learned without labels: what do they tell about the digit?
    z_train, z_test = (ops.convert_to_numpy(model.encode(x)[0]) for x in (x_train, x_test))
    accuracy = KNeighborsClassifier(15).fit(z_train, y_train).score(z_test, y_test)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        draw_places(z_test, y_test, args.out / "vae_any_engine.png")
    print(
        f"test loss {test['loss']:.2f} nats per image; neighbours in the plane name {accuracy:.0%} of the test digits"
    )
    return {
        **{f"test_{name}": value for name, value in test.items()},
        "neighbour_accuracy": accuracy,
        "history": history.history,
    }


if __name__ == "__main__":
    main()
