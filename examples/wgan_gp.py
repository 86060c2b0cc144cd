"""A Wasserstein GAN with gradient penalty (Gulrajani et al., 2017) that learns eight islands in the plane.

The critic's step differentiates through a gradient: its slope with respect to the points between real and drawn ones should be 1.
The step is written once and runs on every engine.

    python examples/wgan_gp.py --epochs 30 --out results       # also draws points and critic, results/wgan_gp.png
"""

import argparse
from pathlib import Path

import numpy as np

import keraunos as keras
from keraunos import layers, ops

NOISE = 4
ISLANDS = 2.0 * np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], axis=1)  # (8, 2)
SPREAD = 0.1


def draw_islands(n, rng):
    """Points around one of the eight islands each."""
    points = ISLANDS[rng.integers(8, size=n)] + SPREAD * rng.normal(size=(n, 2))
    return points.astype("float32")  # (n, 2)


def build_network(inputs, outputs, activation, name):
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            layers.Dense(128, activation=activation),
            layers.Dense(128, activation=activation),
            layers.Dense(outputs),
        ],
        name=name,
    )


class WGANGP(keras.Model):
    def __init__(self, critic_steps=5, penalty=0.1, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.generator = build_network(NOISE, 2, "relu", "generator")
        self.critic = build_network(2, 1, "tanh", "critic")
        self.critic_steps, self.penalty = critic_steps, penalty
        self.seed_generator = keras.random.SeedGenerator(seed)

    def compile(self, generator_optimizer, critic_optimizer):
        super().compile()
        self.generator_optimizer, self.critic_optimizer = generator_optimizer, critic_optimizer

    def draw(self, n):
        return self.generator(keras.random.normal((n, NOISE), seed=self.seed_generator))  # (n, 2)

    def slope_penalty(self, real, drawn):
        """How far the critic's slope is from 1, at random places between real and drawn points."""
        share = keras.random.uniform((real.shape[0], 1), seed=self.seed_generator)
        between = share * real + (1 - share) * drawn
        slopes = keras.grad(lambda points: ops.sum(self.critic(points)))(between)  # (n, 2)
        lengths = ops.sqrt(ops.sum(ops.square(slopes), axis=1) + 1e-12)
        return ops.mean(ops.square(lengths - 1))

    def critic_loss(self, real, drawn):
        distance = ops.mean(self.critic(real)) - ops.mean(self.critic(drawn))  # estimates the Wasserstein distance
        return self.penalty * self.slope_penalty(real, drawn) - distance, distance

    def train_step(self, real):
        n = real.shape[0]
        critic, generator = self.critic.trainable_variables, self.generator.trainable_variables
        for _ in range(self.critic_steps):
            drawn = ops.stop_gradient(self.draw(n))
            (_, distance), gradients = keras.value_and_grad(
                lambda drawn=drawn: self.critic_loss(real, drawn), critic, has_aux=True
            )
            self.critic_optimizer.apply(gradients, critic)
        gradients = keras.grad(lambda: -ops.mean(self.critic(self.draw(n))), generator)
        self.generator_optimizer.apply(gradients, generator)
        return {"distance": distance}


def quality(points):
    """Share of the points that lie on an island, and the share of them on the island that has fewest."""
    distances = np.linalg.norm(points[:, None] - ISLANDS, axis=2)  # (n, 8)
    on_island = distances.min(axis=1) < 4 * SPREAD
    counts = np.bincount(distances.argmin(axis=1)[on_island], minlength=8)
    return on_island.mean(), counts.min() / len(points)


def draw_picture(model, real, drawn, path):
    """Real and drawn points over the critic's heights."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no picture")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    axis = np.linspace(-3, 3, 121, dtype="float32")
    plane = np.stack(np.meshgrid(axis, axis), axis=-1)  # (121, 121, 2)
    heights = model.critic.predict(plane.reshape(-1, 2), batch_size=4096, verbose=0).reshape(121, 121)
    figure, axes = plt.subplots(figsize=(5.5, 5.5))
    axes.imshow(heights, extent=(-3, 3, -3, 3), origin="lower", cmap="Greys", alpha=0.6)
    axes.plot(*real.T, ".", color="tab:blue", markersize=3, label="real")
    axes.plot(*drawn.T, ".", color="tab:orange", markersize=3, label="drawn")
    axes.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", title="points, and the critic's height (dark: real)")
    axes.legend(loc="upper right", framealpha=1, markerscale=3)
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)
    print(f"drawn: {path}")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None, help="folder for the picture of points and critic")
    args = parser.parse_args(argv)

    keras.utils.set_random_seed(args.seed)
    real = draw_islands(256 * 50, np.random.default_rng(args.seed))

    model = WGANGP(seed=args.seed + 1)
    model.compile(*(keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=0.9) for _ in range(2)))
    history = model.fit(real, batch_size=256, epochs=args.epochs, verbose=0)

    drawn = ops.convert_to_numpy(model.draw(2000))
    on_islands, least = quality(drawn)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        draw_picture(model, real[:1000], drawn[:1000], args.out / "wgan_gp.png")
    print(f"points on an island: {on_islands:.0%}, on the emptiest of the eight: {least:.1%}")
    return {"on_islands": on_islands, "least": least, "history": history.history}


if __name__ == "__main__":
    main()
