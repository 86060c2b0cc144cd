"""Training on the PyTorch engine: the networks of the other cases, beside Keras on PyTorch and PyTorch by hand."""

from dataclasses import replace

from benchmarks.case import KERAUNOS, Case, Contender, Goal, by_hand
from benchmarks.cases import convnet, lstm, mlp, transformer

KERAS_TORCH = "keras[torch]"


def on_torch(case: Case, against_keras: float, **changed) -> Case:
    """The case with its contenders on PyTorch; ``against_keras`` is the goal for the ratio to Keras."""
    call = f"benchmarks.cases.{case.name}:fit"
    hand = f"benchmarks.hand.on_torch:{case.name}"
    return replace(
        case,
        name=f"{case.name}-torch",
        contenders=(
            Contender(KERAUNOS, call, {"module": "keraunos"}),
            Contender(KERAS_TORCH, call, {"module": "keras"}),
            by_hand("torch", hand),
            by_hand("torch, fused Adam", hand, fused=True),
        ),
        goals=(
            Goal("step", against_keras, against=KERAS_TORCH),
            Goal("step", 1.15, against="torch"),
            Goal("step", 1.3, against="torch, fused Adam"),
        ),
        environment={"KERAS_BACKEND": "torch", "KERAUNOS_BACKEND": "torch", "OMP_NUM_THREADS": "1"},
        default=False,
        **changed,
    )


MLP = on_torch(mlp.CASE, 0.33)
CONVNET = on_torch(convnet.CASE, 0.45)
LSTM = on_torch(lstm.CASE, 0.17)
TRANSFORMER = on_torch(transformer.CASE, 0.95)
