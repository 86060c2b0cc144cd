"""A network and a formula learn the same data; then both are asked outside of it.

A pendulum swings with friction. Both see its first seconds and must go on. The network interpolates: inside the data it is as good as the
formula, beyond it has nothing to say. The formula found what goes on being true.

    keraunos run examples/formula_beside_network.py --out folder
"""

import argparse
from pathlib import Path

import keras
import numpy as np

SEEN, ASKED = 4.0, 10.0  # seconds
NOISE = 0.01


def angle(t, length):
    """Angle of a damped pendulum of some length (m) after t seconds."""
    return np.exp(-0.2 * t) * np.cos(np.sqrt(9.81 / length) * t)


def data(count, until, seed):
    """Rows (t, length), and angles."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.uniform(0.1, until, count), rng.uniform(0.7, 1.3, count)])
    return x, angle(*x.T)


def build_network():
    """Two hidden layers; inputs are scaled to about one."""
    network = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Rescaling(1.0, offset=-1.0),
            keras.layers.Dense(64, activation="tanh"),
            keras.layers.Dense(64, activation="tanh"),
            keras.layers.Dense(1),
        ]
    )
    network.compile(keras.optimizers.Adam(5e-3), loss="mse")
    return network


def draw(path, network, formula, length=1.0):
    """Both against the truth, inside and outside of what was seen."""
    import matplotlib
    from matplotlib.figure import Figure

    t = np.linspace(0.1, ASKED, 600)
    x = np.column_stack([t, np.full_like(t, length)])
    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9, 4), layout="constrained")
        axis = figure.subplots()
        axis.axvspan(0, SEEN, color="#eef2f7", zorder=0)
        axis.text(SEEN / 2, 1.5, "seen in training", ha="center", color="#666666")
        axis.text((SEEN + ASKED) / 2, 1.5, "outside", ha="center", color="#666666")
        axis.plot(t, angle(t, length), color="#bbbbbb", linewidth=5, label="truth")
        axis.plot(t, network.predict(x, verbose=0)[:, 0], color="#2f6db5", linewidth=1.5, label="network")
        axis.plot(t, formula.predict(x), color="#e08a1e", linewidth=1.5, label=f"formula: {formula.best}")
        axis.set(xlabel="t (s)", ylabel="angle", xlim=(0, ASKED), ylim=(-1.4, 1.65))
        axis.legend(frameon=False, loc="upper right", bbox_to_anchor=(1.0, 0.93))
        figure.savefig(path, dpi=150)


def rmse(y, predicted):
    return float(np.sqrt(np.mean((y - predicted) ** 2)))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("formula-beside-network"))
    parser.add_argument("--epochs", type=int, default=400)
    parser.add_argument("--evaluations", type=float, default=3e9, help="work of the search for a formula")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(0)

    x, y = data(800, SEEN, seed=0)
    y = y + NOISE * np.random.default_rng(1).normal(size=len(y))
    network = build_network()
    history = network.fit(x, y, batch_size=64, epochs=options.epochs, verbose=0)
    formula = keras.programs.Formula(target="angle").fit(
        {"t": x[:, 0], "length": x[:, 1]}, y, max_evaluations=options.evaluations, verbose=2
    )

    result = {"history": history.history, "formula": str(formula.best)}
    x, y = data(800, ASKED, seed=2)
    inside = x[:, 0] < SEEN
    for name, predicted in (("network", network.predict(x, verbose=0)[:, 0]), ("formula", formula.predict(x))):
        result[f"{name}_inside"], result[f"{name}_outside"] = (
            rmse(y[inside], predicted[inside]),
            rmse(y[~inside], predicted[~inside]),
        )
        print(
            f"{name}: root mean square error {result[f'{name}_inside']:.4f} inside, {result[f'{name}_outside']:.4f} outside"
        )
    draw(options.out / "formula_beside_network.png", network, formula)
    formula.save(options.out / "pendulum.keras")
    print(f"angle = {formula.best}")
    return result


if __name__ == "__main__":
    main()
