"""Pictures: the front, and how well the chosen formula fits."""

import numpy as np

INK, GREY, BLUE, ORANGE = "#222222", "#8a8a8a", "#2f6db5", "#e08a1e"
STYLE = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.titlesize": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
}
SHOWN = 2000  # points of a scatter
LOWEST = 1e-16  # a loss below it is rounding
LONGEST = 110  # characters of a title


def draw(model, data=None, to_file=None):
    """A matplotlib ``Figure`` of a fitted model's front, and with data ((rows, variables), (rows,)) of its fit."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11 if data else 5.5, 4.2), layout="constrained")
        axes = np.atleast_1d(figure.subplots(1, 3 if data else 1))
        draw_front(axes[0], model)
        if data:
            draw_fit(axes[1], axes[2], model, *data)
        figure.suptitle(_title(model), x=0.02, ha="left", fontsize=10)
        if to_file is not None:
            figure.savefig(to_file, dpi=150)
    return figure


def _title(model):
    text = f"{model.get_params()['target']} = {model.best}"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def draw_front(axis, model):
    """Loss over complexity, with the chosen formula marked."""
    sizes = [c.complexity for c in model.front]
    losses = [max(c.loss, LOWEST) for c in model.front]
    axis.step(sizes, losses, where="post", color=GREY, linewidth=1)
    axis.plot(sizes, losses, "o", color=BLUE, markersize=4)
    axis.plot(model.best.complexity, max(model.best.loss, LOWEST), "o", color=ORANGE, markersize=9, label="chosen")
    axis.set_yscale("log")
    if max(losses) < 10 * min(losses):  # within a decade, powers of ten are no marks
        axis.yaxis.set_major_formatter("{x:.2g}")
        axis.yaxis.set_minor_formatter("{x:.2g}")
    axis.set_title("Front", loc="left")
    axis.set_xlabel("complexity (variables, constants, operators)")
    axis.set_ylabel("share of variance left")
    axis.grid(axis="y", color=GREY, alpha=0.2, linewidth=0.6)
    axis.locator_params(axis="x", integer=True)
    axis.legend(frameon=False, loc="upper right")


def draw_fit(left, right, model, x, y):
    """Predicted against given values, and residuals against predicted ones."""
    predicted = model.best.predict(x)
    good = np.flatnonzero(np.isfinite(predicted) & np.isfinite(y))
    if len(good) > SHOWN:
        good = np.random.default_rng(0).choice(good, SHOWN, replace=False)
    predicted, y = predicted[good], y[good]
    name = model.get_params()["target"]
    ends = [min(predicted.min(), y.min()), max(predicted.max(), y.max())] if len(good) else [0, 1]
    left.plot(ends, ends, color=GREY, linewidth=1)
    left.plot(y, predicted, ".", color=BLUE, markersize=3, alpha=0.6)
    left.set_title("Fit", loc="left")
    left.set_xlabel(f"{name}, given")
    left.set_ylabel(f"{name}, predicted")
    right.axhline(0, color=GREY, linewidth=1)
    right.plot(predicted, y - predicted, ".", color=BLUE, markersize=3, alpha=0.6)
    right.set_title("Residuals", loc="left")
    right.set_xlabel(f"{name}, predicted")
    right.set_ylabel("given − predicted")
