"""REINFORCE (Williams, 1992): a policy network learns to balance a pole on a cart, from rewards only.

The environment is in this file, in NumPy. The update is written once and runs on every engine.

    python examples/reinforce.py --epochs 40 --out results       # also draws how long the pole stands, results/reinforce.png
"""

import argparse
from pathlib import Path

import numpy as np

import keraunos as keras
from keraunos import layers, ops

STEPS = 200  # an episode ends here, if the pole has not fallen before
DISCOUNT = 0.99


class CartPoles:
    """Carts with a pole each, pushed to the left or the right in steps of 0.02 s (Barto, Sutton & Anderson, 1983).

    A state is (position in m, velocity in m/s, angle in rad, angular velocity in rad/s). A pole has fallen when it leans by more than 12
    degrees, or when its cart is more than 2.4 m off.
    """

    GRAVITY, CART_MASS, POLE_MASS, HALF_LENGTH, FORCE, SECONDS = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02

    def __init__(self, carts, rng):
        self.carts, self.rng = carts, rng

    def reset(self):
        self.state = self.rng.uniform(-0.05, 0.05, size=(self.carts, 4))
        self.stands = np.ones(self.carts, bool)
        return self.state.astype("float32")  # (carts, 4)

    def step(self, actions):
        """Push (0: to the left, 1: to the right); returns the new states and which poles still stand."""
        position, velocity, angle, spin = self.state.T
        force = np.where(actions == 1, self.FORCE, -self.FORCE)
        sin, cos = np.sin(angle), np.cos(angle)
        mass = self.CART_MASS + self.POLE_MASS
        push = (force + self.POLE_MASS * self.HALF_LENGTH * spin**2 * sin) / mass
        turn = (self.GRAVITY * sin - cos * push) / (self.HALF_LENGTH * (4 / 3 - self.POLE_MASS * cos**2 / mass))
        pull = push - self.POLE_MASS * self.HALF_LENGTH * turn * cos / mass
        self.state = self.state + self.SECONDS * np.stack([velocity, pull, spin, turn], axis=1)
        self.stands &= (np.abs(self.state[:, 0]) < 2.4) & (np.abs(self.state[:, 2]) < np.radians(12))
        return self.state.astype("float32"), self.stands.copy()


class Agent:
    """A policy: the logits of the two actions from a state, and the rule by which it learns."""

    def __init__(self, learning_rate, seed):
        self.policy = keras.Sequential([keras.Input((4,)), layers.Dense(32, activation="tanh"), layers.Dense(2)])
        self.optimizer = keras.optimizers.Adam(learning_rate)
        self.seed_generator = keras.random.SeedGenerator(seed)

    @keras.jit
    def act(self, states):
        """Actions drawn with the policy's probabilities."""
        return keras.random.categorical(self.policy(states), 1, seed=self.seed_generator)[:, 0]  # (carts,)

    @keras.jit
    def learn(self, states, actions, advantages):
        """One step up the gradient of the expected reward: ∇ log p(action | state) · advantage, meaned over all steps taken.

        **Shape:** states (steps, carts, 4); actions and advantages (steps, carts), advantage 0 where the pole has fallen.
        """

        def loss():
            chosen = ops.one_hot(actions, 2) * ops.log_softmax(self.policy(ops.reshape(states, (-1, 4))))
            return -ops.mean(ops.sum(chosen, axis=1) * advantages)

        gradients = keras.grad(loss, self.policy.trainable_variables)
        self.optimizer.apply(gradients, self.policy.trainable_variables)


def play(agent, carts):
    """An episode of each cart: states (STEPS, carts, 4), actions (STEPS, carts), rewards (STEPS, carts), 1 while the pole stands."""
    states = np.zeros((STEPS, carts.carts, 4), "float32")
    actions = np.zeros((STEPS, carts.carts), "int32")
    rewards = np.zeros((STEPS, carts.carts), "float32")
    state, stands = carts.reset(), np.ones(carts.carts, bool)
    for t in range(STEPS):
        states[t], rewards[t] = state, stands
        actions[t] = ops.convert_to_numpy(agent.act(state))
        state, stands = carts.step(actions[t])
        if not stands.any():
            break
    return states, actions, rewards


def advantages_of(rewards):
    """How much better than usual the rest of an episode went: the discounted sum of its rewards, standardised over all steps taken."""
    returns = np.zeros_like(rewards)
    ahead = np.zeros(rewards.shape[1], "float32")
    for t in reversed(range(STEPS)):
        ahead = rewards[t] + DISCOUNT * ahead
        returns[t] = ahead
    taken = rewards > 0
    mean, deviation = returns[taken].mean(), returns[taken].std()
    return np.where(taken, (returns - mean) / (deviation + 1e-6), 0).astype("float32")


def draw_curve(lengths, path):
    """How long the poles stood, update after update."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no picture")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    lengths = np.array(lengths)  # (updates, carts)
    updates = np.arange(1, len(lengths) + 1)
    figure, axes = plt.subplots(figsize=(6, 4))
    low, middle, high = np.percentile(lengths, [10, 50, 90], axis=1)
    axes.fill_between(updates, low, high, alpha=0.25, linewidth=0, label="10th to 90th percentile of the carts")
    axes.plot(updates, middle, label="median")
    axes.axhline(STEPS, color="gray", linewidth=1, linestyle=":")
    axes.set(xlabel="update", ylabel="steps until the pole fell", ylim=(0, 1.05 * STEPS))
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)
    print(f"drawn: {path}")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=40, help="updates of the policy")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None, help="folder for the picture of the learning curve")
    args = parser.parse_args(argv)

    keras.utils.set_random_seed(args.seed)
    carts = CartPoles(32, np.random.default_rng(args.seed))
    agent = Agent(learning_rate=0.02, seed=args.seed + 1)

    lengths = []
    for _ in range(args.epochs):
        states, actions, rewards = play(agent, carts)
        agent.learn(states, actions.reshape(-1), advantages_of(rewards).reshape(-1))
        lengths.append(rewards.sum(axis=0))
    means = [float(x.mean()) for x in lengths]
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        draw_curve(lengths, args.out / "reinforce.png")
    last = float(np.mean(means[-5:]))
    print(f"the pole stood {means[0]:.0f} steps at first, {last:.0f} of {STEPS} in the last five updates")
    return {"last_length": last, "history": {"length": means}}


if __name__ == "__main__":
    main()
