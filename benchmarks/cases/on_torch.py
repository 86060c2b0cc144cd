"""The PyTorch engine: the networks of the other cases, beside Keras on PyTorch and PyTorch by hand."""

from dataclasses import replace
from importlib import import_module

from benchmarks.case import KERAUNOS, Case, Contender, Goal, by_hand
from benchmarks.cases import convnet, lstm, mlp, predict, transformer

KERAS_TORCH = "keras[torch]"
ENVIRONMENT = {"KERAS_BACKEND": "torch", "KERAUNOS_BACKEND": "torch", "OMP_NUM_THREADS": "1"}


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
        environment=ENVIRONMENT,
        default=False,
        **changed,
    )


def in_bfloat16(case: Case, against_keras: float, **changed) -> Case:
    """The case under "mixed_bfloat16", beside PyTorch's autocast; the goal is a ratio to Keras in float32."""
    call = "benchmarks.cases.on_torch:fit_mixed"
    hand = f"benchmarks.hand.on_torch:{case.name}"
    return replace(
        case,
        name=f"{case.name}-torch-bf16",
        about=f"{case.about}; bfloat16 with float32 weights, beside Keras in float32 and in bfloat16",
        contenders=(
            Contender(KERAUNOS, call, {"module": "keraunos", "case": case.name}),
            Contender(KERAS_TORCH, f"benchmarks.cases.{case.name}:fit", {"module": "keras"}),
            Contender("keras[torch], bfloat16", call, {"module": "keras", "case": case.name}),
            by_hand("torch, autocast", hand, bfloat16=True),
        ),
        goals=(Goal("step", against_keras, against=KERAS_TORCH),),
        environment=ENVIRONMENT,
        default=False,
        **changed,
    )


def fit_mixed(module: str, case: str, quick: bool) -> dict:
    """The case's ``fit`` with layers that compute in bfloat16 and keep their weights in float32."""
    keras = import_module(module)
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    return import_module(f"benchmarks.cases.{case}").fit(module, quick)


def answer(module: str, quick: bool) -> dict:
    """Microseconds per answer; what ``model(x)`` gives can be differentiated, so it is detached first."""
    keras = import_module(module)
    x, weights, calls = predict.setting(quick)
    model = mlp.build(keras)
    model.set_weights(weights)
    through_predict = predict.timed(lambda x: model.predict(x, verbose=0), x, calls)
    call = predict.timed(lambda x: model(x).detach().numpy(), x, calls)
    check = abs(model.predict(x[:1], verbose=0)).sum() + abs(model(x[:1]).detach().numpy()).sum()
    return {"metrics": {"predict": through_predict, "call": call}, "check": float(check)}


MLP = on_torch(mlp.CASE, 0.33)
CONVNET = on_torch(convnet.CASE, 0.45)
LSTM = on_torch(lstm.CASE, 0.17)
TRANSFORMER = on_torch(transformer.CASE, 0.95)
CONVNET_BF16 = in_bfloat16(convnet.CASE, 0.25)
TRANSFORMER_BF16 = in_bfloat16(transformer.CASE, 0.55, tolerance=0.05)
PREDICT = replace(
    predict.CASE,
    name="predict-torch",
    contenders=(
        Contender(KERAUNOS, "benchmarks.cases.on_torch:answer", {"module": "keraunos"}),
        Contender(KERAS_TORCH, "benchmarks.cases.on_torch:answer", {"module": "keras"}),
        by_hand("torch", "benchmarks.hand.on_torch:answer"),
    ),
    goals=(Goal("predict", 0.15, against=KERAS_TORCH), Goal("call", 0.15, against=KERAS_TORCH)),
    environment=ENVIRONMENT,
    default=False,
)
