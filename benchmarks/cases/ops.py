"""Single functions of `keras.ops` on concrete arrays: what a call costs over the engine's own, and the kernels of layers."""

from importlib import import_module
from statistics import median
from types import SimpleNamespace

import numpy as np

from benchmarks.case import KERAS, KERAUNOS, Case, Contender, Goal, Metric, by_hand
from benchmarks.timing import Stopwatch

SMALL = ("add", "number", "mixed", "sqrt")  # dispatch is all there is to them
KERNELS = ("gelu", "softmax", "layer_norm", "attention", "conv", "max_pool")
TITLES = {"add": "add(x, y)", "number": "add(x, 1.5)", "mixed": "add(float32, int32)", "sqrt": "sqrt(x)"}


def case(engine: str, *others: Contender) -> Case:
    """The case of one engine; its own functions are called by hand."""
    through = Contender(KERAUNOS, "benchmarks.cases.ops:calls", {"module": "keraunos", "engine": engine})
    over = (Metric(name, f"{TITLES[name]}, over {engine}'s own call", "µs", 1e6) for name in SMALL)
    kernels = (Metric(name, f"{name}, a call", "µs", 1e6) for name in KERNELS if engine != "numpy")
    return Case(
        name=f"ops-{engine}",
        about=f"functions of `keras.ops` on {engine} arrays; x is 4 × 4, kernels get arrays of a usual layer",
        contenders=(through, *others, by_hand(engine, "benchmarks.cases.ops:own", engine=engine)),
        metrics=(*over, Metric("inference", "shape of add(x, y), cached", "µs", 1e6), *kernels),
        goals=(
            *(Goal(name, 3, against="", absolute=True) for name in SMALL),
            Goal("inference", 20, against="", absolute=True),
            *(Goal(name, 1.05, against=engine) for name in KERNELS if engine != "numpy"),
        ),
        check="sum of all results",
        tolerance=1e-4,
        default=engine != "torch",
    )


JAX = case("jax", Contender(KERAS, "benchmarks.cases.ops:calls", {"module": "keras", "engine": "jax"}))
NUMPY = case("numpy")
TORCH = case("torch")


def setting(convert) -> SimpleNamespace:
    """The arrays, made into the engine's by `convert`."""
    rng = np.random.default_rng(0)

    def draw(*shape):
        return convert(rng.normal(size=shape).astype(np.float32))

    return SimpleNamespace(
        x=convert(np.ones((4, 4), np.float32)), y=draw(4, 4), ints=convert(np.ones((4, 4), np.int32)),
        rows=draw(256, 1024), gamma=draw(1024), images=draw(16, 32, 32, 32), filters=draw(3, 3, 32, 32),
        queries=draw(8, 64, 4, 32), keys=draw(8, 64, 4, 32), values=draw(8, 64, 4, 32),
    )  # fmt: skip


def through_ops(ops, a) -> dict:
    """Each figure's call through `keras.ops`."""
    return {
        "add": lambda: ops.add(a.x, a.y),
        "number": lambda: ops.add(a.x, 1.5),
        "mixed": lambda: ops.add(a.x, a.ints),
        "sqrt": lambda: ops.sqrt(a.x),
        "gelu": lambda: ops.gelu(a.rows),
        "softmax": lambda: ops.softmax(a.rows),
        "layer_norm": lambda: ops.layer_normalization(a.rows, a.gamma, a.gamma, epsilon=1e-5),
        "attention": lambda: ops.dot_product_attention(a.queries, a.keys, a.values),
        "conv": lambda: ops.conv(a.images, a.filters, padding="same"),
        "max_pool": lambda: ops.max_pool(a.images, 2, strides=2),
    }


def calls(module: str, engine: str, quick: bool) -> dict:
    """Seconds per call through the Keras API, of `SMALL` without those of the engine's own call."""
    keras = import_module(module)
    if module == "keraunos":
        keras.config.set_backend(engine)
    a = setting(keras.ops.convert_to_tensor)
    functions, hand = through_ops(keras.ops, a), engine_functions(engine, a)
    tensors = keras.KerasTensor((None, 4)), keras.KerasTensor((None, 4))
    inference = timed(lambda: keras.ops.add(*tensors), quick)
    return {
        "metrics": {**figures(functions, hand, engine, quick), "inference": inference},
        "check": total(functions, engine),
    }


def own(engine: str, quick: bool) -> dict:
    """The same of the engine's own functions, which cost nothing over themselves and infer no shapes beforehand."""
    hand = engine_functions(engine, setting(import_module(f"benchmarks.hand.ops_{engine}").convert))
    nothing = {"wall": 0.0, "cpu": 0.0}
    found = figures(hand, hand, engine, quick) | dict.fromkeys((*SMALL, "inference"), nothing)
    return {"metrics": found, "check": total(hand, engine)}


def engine_functions(engine: str, a) -> dict:
    """Each figure's call by hand."""
    return import_module(f"benchmarks.hand.ops_{engine}").functions(a)


def figures(functions: dict, hand: dict, engine: str, quick: bool) -> dict:
    """Seconds of each kernel, and of each small call without those of the engine's, in turns."""
    found = {name: timed(functions[name], quick) for name in KERNELS if engine != "numpy"}
    for name in SMALL:
        pairs = [(timed(functions[name], quick), timed(hand[name], quick)) for _ in range(3)]
        found[name] = {
            clock: median(mine[clock] - theirs[clock] for mine, theirs in pairs) for clock in ("wall", "cpu")
        }
    return found


def timed(call, quick: bool) -> dict[str, float]:
    """Median seconds per call, waiting for the result of the last of each block."""
    blocks = []
    for _ in range(3 if quick else 9):
        with Stopwatch() as watch:
            for _ in range(100):
                result = call()
            getattr(result, "block_until_ready", lambda: None)()
        blocks.append(watch.per(100))
    return {clock: median(block[clock] for block in blocks) for clock in ("wall", "cpu")}


def total(functions: dict, engine: str) -> float:
    """Sum of the absolute results, by which the work is compared."""
    names = SMALL if engine == "numpy" else (*SMALL, *KERNELS)
    return float(sum(np.abs(np.asarray(functions[name]())).sum() for name in names if name != "sqrt"))
