"""Optimizers and schedules against real Keras: same weights and gradients, ten steps, weights and every slot compared."""

import functools
import inspect

import jax
import numpy as np
import pytest

from keraunos import optimizers
from keraunos.core.scope import NameScope
from keraunos.core.variable import Variable

keras = pytest.importorskip("keras")
STEPS = 10

S = "schedules."
ROWS = [
    # class, arguments
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("SGD", {"momentum": 0.9, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Adam", {"weight_decay": 0.1}),
    ("AdamW", {"weight_decay": 0.1}),
    ("AdamW", {"amsgrad": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"centered": True, "rho": 0.7, "epsilon": 1e-2}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "epsilon": 1e-3}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.0, "epsilon": 1e-3}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adadelta", {"rho": 0.5, "epsilon": 1e-2}),
    ("Adamax", {}),
    ("Adamax", {"beta_1": 0.7, "beta_2": 0.8, "epsilon": 1e-2}),
    ("Nadam", {}),
    ("Nadam", {"beta_1": 0.7, "beta_2": 0.8, "epsilon": 1e-2}),
    ("Ftrl", {}),
    ("Ftrl", {"l1_regularization_strength": 0.3, "l2_regularization_strength": 0.2}),
    ("Ftrl", {"l2_shrinkage_regularization_strength": 0.1, "beta": 0.5, "learning_rate_power": -0.7}),
    ("Lion", {"learning_rate": 0.01}),
    ("Lion", {"beta_1": 0.5, "beta_2": 0.8, "weight_decay": 0.1}),
    ("Lamb", {}),
    ("Lamb", {"beta_1": 0.7, "beta_2": 0.8, "epsilon": 1e-2, "weight_decay": 0.05}),
    ("Adafactor", {}),
    ("Adafactor", {"relative_step": False, "clip_threshold": 0.5}),
    ("Adafactor", {"learning_rate": 0.9, "beta_2_decay": -0.5, "epsilon_1": 1e-3, "epsilon_2": 0.1}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "ns_steps": 3, "momentum": 0.8}),
    ("Muon", {"rms_rate": None, "weight_decay": None, "adam_weight_decay": 0.1, "adam_lr_ratio": 0.5}),
    ("Muon", {"exclude_embeddings": False, "exclude_layers": ["^kernel$"], "muon_a": 3.0, "epsilon": 1e-3}),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"warmup_steps": 4, "weight_decay": 0.1, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    # what all of them take
    ("Adam", {"clipnorm": 0.5}),
    ("Adam", {"clipvalue": 0.2}),
    ("Adam", {"global_clipnorm": 0.5}),
    ("SGD", {"clipnorm": 0.5, "weight_decay": 0.1}),
    ("SGD", {"global_clipnorm": 100.0}),
    ("SGD", {"loss_scale_factor": 8.0}),
    ("Adam", {"use_ema": True, "ema_momentum": 0.7}),
    ("Adam", {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 3}),
    ("SGD", {"gradient_accumulation_steps": 3}),
    ("Adam", {"gradient_accumulation_steps": 3, "weight_decay": 0.1, "clipnorm": 1.0}),
    ("RMSprop", {"gradient_accumulation_steps": 2, "momentum": 0.9, "centered": True, "epsilon": 1e-3}),
    ("Adafactor", {"gradient_accumulation_steps": 4, "loss_scale_factor": 2.0}),
    ("SGD", {"learning_rate": (S + "ExponentialDecay", (0.1, 4, 0.5))}),
    ("Adam", {"learning_rate": (S + "CosineDecay", (0.1, 8)), "weight_decay": 0.1}),
    ("Adam", {"learning_rate": (S + "PolynomialDecay", (0.1, 8)), "gradient_accumulation_steps": 2}),
]


def data(seed=0):
    """Weights and, for each step, gradients: an embedding, a kernel, a bias, a scalar, a convolution."""
    rng = np.random.default_rng(seed)
    names = {
        "my_embedding/embeddings": (5, 3),
        "kernel": (3, 4),
        "dense/bias": (4,),
        "scale": (),
        "conv/kernel": (2, 2, 3),
    }
    weights = {n: rng.normal(size=s).astype("float32") for n, s in names.items()}
    gradients = [[rng.normal(size=w.shape).astype("float32") for w in weights.values()] for _ in range(STEPS)]
    return weights, gradients


def make_variable(scope, cls, path, value):
    *groups, name = path.split("/")
    if not groups:
        return cls(value, name=name)
    with scope(groups[0]):
        return cls(value, name=name)


def make_optimizer(module, name, arguments):
    arguments = {"learning_rate": 0.1, "name": "o", **arguments}
    if isinstance(arguments["learning_rate"], tuple):
        schedule, given = arguments["learning_rate"]
        arguments["learning_rate"] = getattr(module.schedules, schedule.removeprefix(S))(*given)
    return getattr(module, name)(**arguments)


def both(name, arguments):
    """(optimizer, variables) of keraunos and of Keras."""
    weights, _ = data()
    ours = [make_variable(NameScope, Variable, p, w) for p, w in weights.items()]
    theirs = [make_variable(keras.name_scope, keras.Variable, p, w) for p, w in weights.items()]
    return (make_optimizer(optimizers, name, arguments), ours), (
        make_optimizer(keras.optimizers, name, arguments),
        theirs,
    )


def close(ours, theirs, where):
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=2e-6, atol=1e-6, err_msg=f"{where}: {i} {a.path}")


@pytest.mark.parametrize(("name", "arguments"), [pytest.param(*r, id=f"{r[0]}-{i}") for i, r in enumerate(ROWS)])
def test_steps(name, arguments):
    (ours, our_weights), (theirs, their_weights) = both(name, arguments)
    for o, weights in ((ours, our_weights), (theirs, their_weights)):
        o.build(weights)
    assert [(v.shape, v.dtype) for v in ours.variables] == [(tuple(v.shape), v.dtype) for v in theirs.variables]
    slots = [(a.path, b.path) for a, b in zip(ours.variables, theirs.variables) if "/" in b.path]
    assert [a for a, _ in slots] == [b for _, b in slots]
    for step, gradients in enumerate(data()[1]):
        for o, weights in ((ours, our_weights), (theirs, their_weights)):
            o.apply([o.scale_loss(g) for g in gradients], weights)
        close(our_weights, their_weights, f"weights after {step + 1} steps")
        close(ours.variables, theirs.variables, f"slots after {step + 1} steps")
        np.testing.assert_allclose(float(ours.learning_rate), float(theirs.learning_rate), rtol=1e-6)
        assert int(ours.iterations) == int(theirs.iterations)
    for o, weights in ((ours, our_weights), (theirs, their_weights)):
        o.finalize_variable_values(weights)
    close(our_weights, their_weights, "weights at the end")


# -- schedules ------------------------------------------------------------------------------------------------------

SCHEDULES = [
    ("ExponentialDecay", (0.1, 4, 0.5), {}),
    ("ExponentialDecay", (0.1, 4, 0.5), {"staircase": True}),
    ("InverseTimeDecay", (0.1, 4, 0.5), {}),
    ("InverseTimeDecay", (0.1, 4, 0.5), {"staircase": True}),
    ("PolynomialDecay", (0.1, 10), {}),
    ("PolynomialDecay", (0.1, 10), {"end_learning_rate": 0.05, "power": 2.0}),
    ("PolynomialDecay", (0.1, 7), {"end_learning_rate": 0.02, "power": 0.5, "cycle": True}),
    ("PiecewiseConstantDecay", ([5, 10, 20], [0.1, 0.05, 0.02, 0.01]), {}),
    ("PiecewiseConstantDecay", ([7], [1.0, 0.5]), {}),
    ("CosineDecay", (0.1, 20), {}),
    ("CosineDecay", (0.1, 20), {"alpha": 0.1}),
    ("CosineDecay", (0.0, 20), {"warmup_target": 0.2, "warmup_steps": 5, "alpha": 0.1}),
    ("CosineDecay", (0.1, 20), {"warmup_steps": 5}),
    ("CosineDecayRestarts", (0.1, 5), {"t_mul": 1.0}),
    ("CosineDecayRestarts", (0.1, 5), {"t_mul": 1.0, "m_mul": 0.8, "alpha": 0.1}),
    ("CosineDecayRestarts", (0.1, 5), {"m_mul": 0.5}),
    ("CosineDecayRestarts", (0.1, 4), {"t_mul": 1.5, "m_mul": 0.9}),
]


@pytest.mark.parametrize(("name", "given", "options"), SCHEDULES)
def test_schedules(name, given, options):
    ours = getattr(optimizers.schedules, name)(*given, **options)
    theirs = getattr(keras.optimizers.schedules, name)(*given, **options)
    assert ours.get_config() == theirs.get_config()
    rates = [np.asarray(jax.jit(jax.vmap(schedule))(np.arange(40))) for schedule in (ours, theirs)]
    np.testing.assert_allclose(*rates, rtol=2e-6, atol=1e-8)
    assert float(ours(7)) == pytest.approx(float(rates[0][7]), rel=1e-6)


# -- loss scaling, several optimizers -------------------------------------------------------------------------------


def scaled(module, variable_class):
    variable = variable_class(np.float32([1, 2]), name="v")
    inner = module.Adam(0.1, beta_1=0.8, name="inner")
    optimizer = module.LossScaleOptimizer(inner, initial_scale=8.0, dynamic_growth_steps=3, name="outer")
    optimizer.build([variable])
    return optimizer, variable


def test_loss_scaling():
    """Keras's stateful apply fails on JAX outside of a program, so both go the stateless way."""
    runs = [scaled(optimizers, Variable), scaled(keras.optimizers, keras.Variable)]
    assert [v.path for v in runs[0][0].variables] == [v.path for v in runs[1][0].variables]
    states = [([v.value], [s.value for s in o.variables]) for o, v in runs]
    for g in (1, 1, np.inf, 1, 1, 1, 1, np.nan, -np.inf, 2, 2, 2, 2):
        for i, (o, _) in enumerate(runs):
            weights, slots = states[i]
            gradient = np.float32([g, 0.5]) * np.asarray(slots[3])
            states[i] = o.stateless_apply(slots, [gradient], weights)
        close_arrays(*[[*weights, *slots] for weights, slots in states], g)


def close_arrays(ours, theirs, where):
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=2e-6, atol=1e-6, err_msg=f"{where}: {i}")


def several(module, variable_class, scope):
    patterns = {".*bias": module.SGD(0.5, name="b"), "conv/.*": module.Adam(0.2, name="c")}
    optimizer = module.MultiOptimizer(module.OptimizerMap(module.RMSprop(0.1, name="d"), patterns), 4.0, "o")
    return optimizer, [make_variable(scope, variable_class, p, w) for p, w in data()[0].items()]


def test_several_optimizers():
    runs = [several(optimizers, Variable, NameScope), several(keras.optimizers, keras.Variable, keras.name_scope)]
    for o, weights in runs:
        o.build(weights)
        for gradients in data()[1]:
            o.apply(gradients, weights)
    (ours, our_weights), (theirs, their_weights) = runs
    assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
    close(our_weights, their_weights, "weights")
    close(ours.variables, theirs.variables, "slots")


# -- names, configurations, errors ----------------------------------------------------------------------------------

NAMES = sorted({name for name, _ in ROWS})


@pytest.mark.parametrize("name", NAMES)
def test_configurations_go_both_ways(name):
    ours, theirs = getattr(optimizers, name)(), getattr(keras.optimizers, name)()
    config = optimizers.serialize(ours)
    assert config == keras.optimizers.serialize(theirs)
    assert optimizers.serialize(optimizers.deserialize(keras.optimizers.serialize(theirs))) == config
    assert type(optimizers.get(name.lower())) is type(ours)
    if name != "Lamb":  # Keras 3.15 doesn't find it by its name
        assert (
            keras.optimizers.serialize(keras.optimizers.deserialize(dict(config))) == config
        )  # it changes its argument


@pytest.mark.parametrize(
    "name",
    [
        *NAMES,
        "Optimizer",
        "LossScaleOptimizer",
        "MultiOptimizer",
        "OptimizerMap",
        *sorted({S + n for n, _, _ in SCHEDULES}),
    ],
)
def test_signatures(name):
    def parameters(module):
        cls = functools.reduce(getattr, name.split("."), module)
        return [(p.name, p.kind, p.default) for p in inspect.signature(cls).parameters.values()]

    assert parameters(optimizers) == parameters(keras.optimizers)


@pytest.mark.parametrize("names", [["dense"], ["bias"], ["^ker"], ["nel$", "bias"], ["dense/bias"]])
def test_what_is_excluded_from_weight_decay(names):
    (ours, our_weights), (theirs, their_weights) = both("AdamW", {})
    found = []
    for o, weights in ((ours, our_weights), (theirs, their_weights)):
        o.exclude_from_weight_decay(var_names=names)
        found.append([o._use_weight_decay(v) for v in weights])
    assert found[0] == found[1]


WRONG = [
    ("Adam", {"learning_rate": "fast"}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"name": "a/b"}),
    ("Adam", {"clipnorm": 1.0, "clipvalue": 1.0}),
    ("Adam", {"use_ema": True, "ema_momentum": 1.5}),
    ("Adam", {"use_ema": True, "ema_overwrite_frequency": -1}),
    ("Adam", {"gradient_accumulation_steps": 1}),
    ("AdamW", {"weight_decay": None}),
    ("SGD", {"momentum": -0.1}),
    ("SGD", {"momentum": 1.1}),
    ("Lion", {"beta_1": 0.0}),
    ("Ftrl", {"learning_rate_power": 0.5}),
    ("Ftrl", {"initial_accumulator_value": -1.0}),
    ("Ftrl", {"l1_regularization_strength": -1.0}),
    ("Ftrl", {"l2_regularization_strength": -1.0}),
    ("Ftrl", {"l2_shrinkage_regularization_strength": -1.0}),
]


@pytest.mark.parametrize(("name", "arguments"), WRONG)
def test_wrong_arguments_are_errors_in_both(name, arguments):
    for module in (optimizers, keras.optimizers):
        with pytest.raises(ValueError):
            getattr(module, name)(**arguments)
