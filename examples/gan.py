"""A generative adversarial network (Goodfellow et al., 2014) that draws handwritten digits of 8 x 8 pixels.

A generator draws from noise, a discriminator tells drawings from digits; each learns from the other. Two optimizers, one step,
written once for every engine.

    python examples/gan.py --epochs 150 --out results       # also draws a sheet of digits, results/gan.png
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import keraunos as keras
from keraunos import layers, ops

NOISE = 32


def build_generator():
    return keras.Sequential(
        [
            keras.Input((NOISE,)),
            layers.Dense(128),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.2),
            layers.Dense(128),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.2),
            layers.Dense(64, activation="sigmoid"),
            layers.Reshape((8, 8)),
        ],
        name="generator",
    )


def build_discriminator(seed):
    return keras.Sequential(
        [
            keras.Input((8, 8)),
            layers.Flatten(),
            layers.Dense(128),
            layers.LeakyReLU(0.2),
            layers.Dropout(0.3, seed=seed),
            layers.Dense(64),
            layers.LeakyReLU(0.2),
            layers.Dropout(0.3, seed=seed + 1),
            layers.Dense(1),
        ],
        name="discriminator",
    )


class GAN(keras.Model):
    def __init__(self, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.generator = build_generator()
        self.discriminator = build_discriminator(seed + 1)
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.loss_of_generator = keras.metrics.Mean(name="generator")
        self.loss_of_discriminator = keras.metrics.Mean(name="discriminator")

    def compile(self, generator_optimizer, discriminator_optimizer):
        super().compile()
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer

    @property
    def metrics(self):
        return [self.loss_of_generator, self.loss_of_discriminator]

    def draw(self, n, training=False):
        noise = keras.random.normal((n, NOISE), seed=self.seed_generator)
        return self.generator(noise, training=training)  # (n, 8, 8)

    def looks_real(self, images):
        return self.discriminator(images, training=True)  # (n, 1), logits

    def train_step(self, real):
        n = real.shape[0]
        drawn = self.draw(n, training=True)

        def discriminator_loss():
            return ops.mean(ops.softplus(-self.looks_real(real)) + ops.softplus(self.looks_real(drawn)))

        variables = self.discriminator.trainable_variables
        loss, gradients = keras.value_and_grad(discriminator_loss, variables)
        self.discriminator_optimizer.apply(gradients, variables)
        self.loss_of_discriminator.update_state(loss)

        def generator_loss():
            return ops.mean(ops.softplus(-self.looks_real(self.draw(n, training=True))))

        variables = self.generator.trainable_variables
        loss, gradients = keras.value_and_grad(generator_loss, variables)
        self.generator_optimizer.apply(gradients, variables)
        self.loss_of_generator.update_state(loss)
        return self.get_metrics_result()


def inception_score(classifier, images):
    """exp of the mean divergence of p(class | image) from p(class): from 1 to 10, high if images are clear and of all classes."""
    found = classifier.predict_proba(images.reshape(-1, 64)) + 1e-12  # (n, 10)
    return float(np.exp(np.mean(np.sum(found * np.log(found / found.mean(axis=0)), axis=1))))


def draw_sheet(images, path, n=12):
    """A sheet of n x n images."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no picture")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    tiles = np.pad(images[: n * n].reshape(n, n, 8, 8), [(0, 0), (0, 0), (1, 1), (1, 1)])  # a white line around each
    figure, axes = plt.subplots(figsize=(6, 6))
    axes.imshow(tiles.transpose(0, 2, 1, 3).reshape(n * 10, n * 10), cmap="gray_r")
    axes.set_axis_off()
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)
    print(f"drawn: {path}")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None, help="folder for the picture of the digits")
    args = parser.parse_args(argv)

    keras.utils.set_random_seed(args.seed)
    digits = load_digits()
    images = digits.images.astype("float32") / 16.0  # (1797, 8, 8), pixels in [0, 1]
    classifier = LogisticRegression(max_iter=1000).fit(images.reshape(-1, 64), digits.target)

    model = GAN(seed=args.seed + 1)
    model.compile(*(keras.optimizers.Adam(1e-3, beta_1=0.5) for _ in range(2)))
    untrained = inception_score(classifier, ops.convert_to_numpy(model.draw(1000)))
    history = model.fit(images[:1792], batch_size=64, epochs=args.epochs, verbose=0)

    drawn = ops.convert_to_numpy(model.draw(1000))
    scores = inception_score(classifier, drawn), inception_score(classifier, images)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        draw_sheet(drawn, args.out / "gan.png")
    print(f"inception score {scores[0]:.2f} (untrained {untrained:.2f}, real digits {scores[1]:.2f})")
    return {"untrained": untrained, "score": scores[0], "history": history.history}


if __name__ == "__main__":
    main()
