"""Generators over a raw key on NumPy: those of the host."""

from keraunos.backend.host_random import (
    beta,
    binomial,
    categorical,
    dropout,
    gamma,
    next_key,
    normal,
    randint,
    shuffle,
    truncated_normal,
    uniform,
)

__all__ = [
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "next_key",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]
