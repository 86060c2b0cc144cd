"""What a benchmark case is: contenders, the figures they report, and the goals that keraunos has for them."""

from dataclasses import dataclass, field

KERAUNOS = "keraunos"
KERAS = "keras[jax]"

# Keras imports these if they are there. Where imports are timed they are hidden, so that Keras appears at its best.
OPTIONAL = ("sklearn", "pandas", "matplotlib", "torch", "tensorflow")


@dataclass(frozen=True)
class Contender:
    """One way to do the work; `call` is "module:function" and runs in a process of its own."""

    name: str
    call: str
    arguments: dict = field(default_factory=dict)
    by_hand: bool = False


@dataclass(frozen=True)
class Metric:
    """One figure of time. `clock` is "cpu" (all threads of the process) or "wall"; `scale` is units per second."""

    name: str
    title: str
    unit: str
    scale: float
    clock: str = "cpu"


@dataclass(frozen=True)
class Goal:
    """`metric` of keraunos ≤ `limit` × that of `against`, in the same metric and case unless others are given."""

    metric: str
    limit: float
    against: str
    against_metric: str | None = None
    against_case: str | None = None
    absolute: bool = False  # then `limit` is in the metric's unit, and `against` is empty


@dataclass(frozen=True)
class Case:
    """One comparison. `tolerance` is the relative difference of the check values below which the work was the same."""

    name: str
    about: str
    contenders: tuple[Contender, ...]
    metrics: tuple[Metric, ...]
    goals: tuple[Goal, ...]
    check: str = ""
    tolerance: float | None = None
    default: bool = True
    quick: bool = True
    repeats: int = 3
    keeps_home: bool = False  # repeats share a cache directory, and a first run that fills it is thrown away
    environment: dict = field(default_factory=dict)
    hidden: tuple[str, ...] = ()  # packages that these processes cannot import

    def metric(self, name: str) -> Metric:
        """The metric of that name."""
        return next(metric for metric in self.metrics if metric.name == name)


def through_keras(call: str, **arguments) -> tuple[Contender, Contender]:
    """Keraunos and Keras, through the same code: `call` gets the module's name as `module`."""
    return (
        Contender(KERAUNOS, call, {"module": "keraunos", **arguments}),
        Contender(KERAS, call, {"module": "keras", **arguments}),
    )


def by_hand(name: str, call: str, **arguments) -> Contender:
    """A contender written in plain JAX or NumPy."""
    return Contender(name, call, arguments, by_hand=True)
