"""The arrays that every contender of a case gets: the same ones, made by NumPy from a fixed seed."""

import numpy as np


def classes(count: int, shape: tuple[int, ...], classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Normal float32 inputs (count, *shape), and int32 labels (count,) that a linear teacher gives them."""
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((count, *shape), dtype=np.float32)
    teacher = generator.standard_normal((int(np.prod(shape)), classes), dtype=np.float32)
    return x, (x.reshape(count, -1) @ teacher).argmax(axis=1).astype(np.int32)


def glorot(generator: np.random.Generator, *shape: int) -> np.ndarray:
    """Glorot-uniform weights; the last two axes are input and output, those before them the receptive field."""
    field = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (field * (shape[-2] + shape[-1])))
    return generator.uniform(-limit, limit, shape).astype(np.float32)


def dense_weights(*widths: int, seed: int = 1) -> list[np.ndarray]:
    """Kernel, bias, kernel, bias, ... of dense layers of these widths, the first being the input's."""
    generator = np.random.default_rng(seed)
    arrays = []
    for inputs, outputs in zip(widths, widths[1:], strict=False):
        arrays += [glorot(generator, inputs, outputs), np.zeros(outputs, np.float32)]
    return arrays
