"""MAML (Finn et al., 2017): weights from which a few steps of gradient descent learn any new sine from ten points.

The loss of a task is that *after* such a step, so its gradient goes through the step. All tasks of a batch are computed at once by
`vmap`. Written once, it runs on every engine.

    python examples/maml_sines.py --epochs 20 --out results       # also draws one sine learned, results/maml_sines.png
"""

import argparse
from pathlib import Path

import numpy as np

import keraunos as keras
from keraunos import layers, ops

POINTS = 10  # that a task is learned from
TASKS = 25  # per step
INNER_RATE = 0.02


def draw_tasks(n, points, rng):
    """Sines of random amplitude and phase: x and y of shape (n, points, 1)."""
    amplitude = rng.uniform(0.5, 5, size=(n, 1, 1))
    phase = rng.uniform(0, np.pi, size=(n, 1, 1))
    x = rng.uniform(-5, 5, size=(n, points, 1))
    return x.astype("float32"), (amplitude * np.sin(x + phase)).astype("float32")


def build_network():
    return keras.Sequential(
        [keras.Input((1,)), layers.Dense(40, activation="relu"), layers.Dense(40, activation="relu"), layers.Dense(1)]
    )


def error(network, x, y):
    return ops.mean(ops.square(network(x) - y))


def error_with(network, values, x, y):
    """The error that the network has with other values of its weights."""
    with keras.StatelessScope(list(zip(network.trainable_variables, values))):
        return error(network, x, y)


def adapt(network, x, y, steps):
    """Values of the weights after some steps of gradient descent on one task."""
    variables = network.trainable_variables
    values = [v.value for v in variables]
    for _ in range(steps):
        with keras.StatelessScope(list(zip(variables, values))):
            gradients = keras.grad(lambda: error(network, x, y), variables)
        values = [value - INNER_RATE * gradient for value, gradient in zip(values, gradients)]
    return values


class MAML(keras.Model):
    """A network that is trained to learn: from the first half of a task's points, judged on the second half."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.network = build_network()

    def loss_of_task(self, x, y):
        values = adapt(self.network, x[:POINTS], y[:POINTS], steps=1)
        return error_with(self.network, values, x[POINTS:], y[POINTS:])

    def train_step(self, data):
        x, y = data  # (tasks, 2 * POINTS, 1)
        loss, gradients = self.value_and_grad(lambda: ops.mean(keras.vmap(self.loss_of_task)(x, y)))
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


def error_after(network, tasks, steps):
    """Mean error on new points of new tasks after some steps of learning."""

    def error_of_task(x, y):
        values = adapt(network, x[:POINTS], y[:POINTS], steps)
        return error_with(network, values, x[POINTS:], y[POINTS:])

    return float(keras.jit(lambda x, y: ops.mean(keras.vmap(error_of_task)(x, y)))(*tasks))


def draw_sine(model, rng, path):
    """One new sine, its points, and what the network makes of them after 0, 1 and 5 steps."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no picture")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    line = np.linspace(-5, 5, 200, dtype="float32")[:, None]
    x = rng.uniform(-5, 5, size=(POINTS, 1)).astype("float32")
    y = 4 * np.sin(x + 1)
    figure, axes = plt.subplots(figsize=(7, 4))
    axes.plot(line, 4 * np.sin(line + 1), color="gray", label="the sine")
    axes.plot(x, y, "o", color="black", label="ten points of it")
    for steps, style in ((0, ":"), (1, "--"), (5, "-")):
        values = adapt(model.network, ops.convert_to_tensor(x), ops.convert_to_tensor(y), steps)
        with keras.StatelessScope(list(zip(model.network.trainable_variables, values))):
            found = ops.convert_to_numpy(model.network(line))
        axes.plot(line, found, style, color="tab:orange", label=f"after {steps} step{'s' if steps != 1 else ''}")
    axes.set(xlabel="x", ylabel="y")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)
    print(f"drawn: {path}")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20, help="of 250 steps each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None, help="folder for the picture of a sine learned")
    args = parser.parse_args(argv)

    keras.utils.set_random_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    x, y = draw_tasks(250 * TASKS, 2 * POINTS, rng)
    new_tasks = draw_tasks(200, 2 * POINTS, rng)

    model = MAML()
    model.compile(optimizer=keras.optimizers.Adam(2e-3))
    before = error_after(model.network, new_tasks, steps=5)
    history = model.fit(x, y, batch_size=TASKS, epochs=args.epochs, verbose=0)
    after = {steps: error_after(model.network, new_tasks, steps) for steps in (0, 1, 5)}

    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        draw_sine(model, rng, args.out / "maml_sines.png")
    print(f"error on new sines after 5 steps: {after[5]:.2f} (after 1: {after[1]:.2f}, untrained: {before:.2f})")
    return {
        "error_before": before,
        "error_0": after[0],
        "error_1": after[1],
        "error_5": after[5],
        "history": history.history,
    }


if __name__ == "__main__":
    main()
