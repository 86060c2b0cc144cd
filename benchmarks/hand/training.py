"""A training loop in plain JAX: Adam, cross-entropy and accuracy as Keras defines them, for any `apply(parameters, x)`.

The work is the same as that of `fit`: shuffled batches, the gradient, Adam, running sums of loss and accuracy. State is
`{"p": parameters, "s": statistics, "m", "v": moments, "t": step, "loss", "hits": sums over the epoch}`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-7


def start(parameters, statistics=()) -> dict:
    """The state before the first step."""
    parameters = jax.tree.map(jnp.asarray, parameters)
    statistics = jax.tree.map(jnp.asarray, statistics)
    # Separate buffers, as the state is donated and a buffer cannot be given away twice.
    m, v = (jax.tree.map(lambda p: jnp.asarray(np.zeros(p.shape, p.dtype)), parameters) for _ in range(2))
    return {"p": parameters, "s": statistics, "m": m, "v": v, "t": jnp.asarray(np.float32(0)), **fresh_sums()}


def fresh_sums() -> dict:
    """The sums with which an epoch begins."""
    return {name: jnp.asarray(np.float32(0)) for name in ("loss", "hits")}


def cross_entropy(logits, labels):
    """Mean of -log softmax(logits)[label], and the number of right answers."""
    picked = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[..., None], axis=-1)
    return -picked.mean(), (logits.argmax(-1) == labels).mean(dtype=jnp.float32)


def squared_error(outputs, targets):
    """Mean squared error; there is no accuracy, so the second value is 0."""
    return ((outputs - targets) ** 2).mean(), jnp.float32(0)


def adam(p, m, v, g, t, rate=RATE):
    """One leaf's Adam update at step t = 1, 2, ... (Kingma and Ba 2015, with epsilon outside the bias correction)."""
    m = BETA1 * m + (1 - BETA1) * g
    v = BETA2 * v + (1 - BETA2) * g * g
    return p - rate * jnp.sqrt(1 - BETA2**t) / (1 - BETA1**t) * m / (jnp.sqrt(v) + EPSILON), m, v


def make_step(apply: Callable, objective: Callable = cross_entropy, rate: float = RATE) -> Callable:
    """A pure step (state, x, y) -> state; `apply(parameters, statistics, x)` gives outputs and new statistics."""

    def losses(p, s, x, y):
        outputs, s = apply(p, s, x)
        loss, hits = objective(outputs, y)
        return loss, (hits, s)

    def step(state, x, y):
        (loss, (hits, s)), g = jax.value_and_grad(losses, has_aux=True)(state["p"], state["s"], x, y)
        t = state["t"] + 1
        leaves, tree = jax.tree.flatten(state["p"])
        moments = zip(leaves, *(jax.tree.leaves(part) for part in (state["m"], state["v"], g)), strict=True)
        p, m, v = (tree.unflatten(part) for part in zip(*(adam(*leaf, t, rate) for leaf in moments), strict=True))
        sums = {"loss": state["loss"] + loss, "hits": state["hits"] + hits}
        return {"p": p, "s": s, "m": m, "v": v, "t": t, **sums}

    return step


def order_of(generator: np.random.Generator, count: int, shuffle: bool) -> np.ndarray:
    """The order of an epoch's samples, made on the host."""
    return generator.permutation(count) if shuffle else np.arange(count)


def epochs_of_steps(step: Callable, x, y, batch: int, shuffle: bool = True) -> Callable:
    """(state, epochs) -> (state, mean loss): a Python loop over one compiled step."""
    step = jax.jit(step, donate_argnums=0)
    generator = np.random.default_rng(0)
    steps = len(x) // batch

    def run(state, epochs):
        for _ in range(epochs):
            state |= fresh_sums()
            order = order_of(generator, len(x), shuffle)
            for first in range(0, steps * batch, batch):
                chosen = order[first : first + batch]
                state = step(state, x[chosen], y[chosen])
            loss = float(state["loss"]) / steps  # waits for the device
        return state, loss

    return run


def epochs_of_scans(step: Callable, x, y, batch: int, shuffle: bool = True) -> Callable:
    """(state, epochs) -> (state, mean loss): one compiled scan over the steps of an epoch, data on the device."""
    x, y = jnp.asarray(x), jnp.asarray(y)
    generator = np.random.default_rng(0)
    steps = len(x) // batch

    def body(state, chosen, x, y):
        return step(state, x[chosen], y[chosen]), None

    @jax.jit
    def epoch(state, order, x, y):
        return jax.lax.scan(lambda state, chosen: body(state, chosen, x, y), state, order)[0]

    def run(state, epochs):
        for _ in range(epochs):
            state |= fresh_sums()
            order = order_of(generator, len(x), shuffle)[: steps * batch].astype(np.int32).reshape(steps, batch)
            state = epoch(state, order, x, y)
            loss = float(state["loss"]) / steps  # waits for the device
        return state, loss

    return run
