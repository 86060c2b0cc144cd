"""Optimizers: what must hold for each of them, and the base class."""

import copy
import functools
import pickle

import jax
import numpy as np
import pytest

import keraunos as keras
from keraunos import optimizers
from keraunos.backend import dispatch
from keraunos.core.variable import Variable, functionalize

ALL = {
    "SGD": {"momentum": 0.9, "nesterov": True},
    "Adam": {"amsgrad": True},
    "AdamW": {},
    "RMSprop": {"momentum": 0.5, "centered": True, "epsilon": 1e-3},
    "Adagrad": {},
    "Adadelta": {"epsilon": 1e-3},
    "Adamax": {},
    "Nadam": {},
    "Ftrl": {"l1_regularization_strength": 0.01},
    "Lion": {},
    "Lamb": {},
    "Adafactor": {},
    "Muon": {},
    "ScheduleFreeAdamW": {"warmup_steps": 2},
}
PLAIN = keras.optimizers.SGD


def make(name, /, **options):
    return getattr(optimizers, name)(**{"learning_rate": 0.05, **ALL[name], **options})


def weights(dtype="float32"):
    rng = np.random.default_rng(0)
    shapes = {"kernel": (4, 3), "bias": (3,), "scale": (), "filters": (2, 3, 2)}
    return [Variable(rng.normal(size=s), dtype=dtype, name=n) for n, s in shapes.items()]


def gradients(n, seed=1):
    rng = np.random.default_rng(seed)
    return [[rng.normal(size=v.shape).astype("float32") for v in weights()] for _ in range(n)]


def values(variables):
    return [v.numpy() for v in variables]


def host(x):
    return np.asarray(keras.ops.convert_to_numpy(x), "float32")


def assert_same(first, second, tolerance=1e-6):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(host(a), host(b), rtol=tolerance, atol=tolerance)


# -- every optimizer ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_goes_downhill(name):
    variables = [Variable(np.float32([[3.0, -2.0], [1.0, 4.0]]), name="w"), Variable(np.float32([2.0]), name="b")]
    optimizer = make(name, learning_rate={"Adadelta": 2.0, "Ftrl": 0.5, "Adagrad": 0.5}.get(name, 0.1))
    start = sum(float((v.numpy() ** 2).sum()) for v in variables)
    for _ in range(60):
        optimizer.apply([2 * v.value for v in variables], variables)
    assert sum(float((v.numpy() ** 2).sum()) for v in variables) < 0.5 * start


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "options", [{}, {"use_ema": True, "ema_overwrite_frequency": 2, "gradient_accumulation_steps": 2}]
)
def test_compiled_as_eager(name, options):
    eager, compiled = weights(), weights()
    first, second = make(name, name="o", **options), make(name, name="o", **options)
    for optimizer, variables in ((first, eager), (second, compiled)):
        optimizer.build(variables)
    state = [*compiled, *second.variables]
    step = dispatch.current().compile(functionalize(lambda g: second.apply(g, compiled), state))
    found = [v.value for v in state]
    for g in gradients(5):
        first.apply(g, eager)
        found, _ = step(found, g)
    assert_same(values([*eager, *first.variables]), found, 3e-6)
    assert_same(values(compiled), values(weights()))  # a program changes nothing but what it returns


@pytest.mark.parametrize("name", ALL)
def test_accumulated_gradients_are_those_of_a_large_batch(name):
    large, small = weights(), weights()
    first, second = make(name, weight_decay=0.1), make(name, weight_decay=0.1, gradient_accumulation_steps=3)
    for parts in zip(*[iter(gradients(9))] * 3):
        first.apply([np.mean(g, axis=0) for g in zip(*parts)], large)
        for i, g in enumerate(parts):
            before = values(small)
            second.apply(g, small)
            if i < 2:
                assert_same(before, values(small), 0)
        assert_same(values(large), values(small))
    assert int(second.iterations) == int(first.iterations) == 3


@pytest.mark.parametrize("name", ALL)
def test_state_goes_through_files_and_copies(name, tmp_path):
    variables = weights()
    optimizer = make(name)
    steps = gradients(4)
    for g in steps[:2]:
        optimizer.apply(g, variables)
    store = {}
    optimizer.save_own_variables(store)
    copies = [copy.deepcopy((optimizer, variables)), pickle.loads(pickle.dumps((optimizer, variables)))]
    loaded, others = optimizers.deserialize(optimizers.serialize(optimizer)), weights()
    loaded.build(others)
    loaded.load_own_variables({k: v.numpy() for k, v in store.items()})
    for v, w in zip(others, variables):
        v.assign(w.value)
    copies.append((loaded, others))
    for g in steps[2:]:
        optimizer.apply(g, variables)
        for other, its in copies:
            other.apply(g, its)
    for other, its in copies:
        assert_same(values(variables), values(its), 0)
        assert [v.path for v in other.variables] == [v.path for v in optimizer.variables]


@pytest.mark.parametrize("name", ALL)
def test_numpy_as_jax(name):
    with keras.backend.use("numpy"):
        host = weights()
    device = weights()
    optimizer, other = make(name), make(name)
    for g in gradients(3):
        optimizer.apply(g, host)
        other.apply(g, device)
    assert all(isinstance(v.value, (np.ndarray, np.generic)) for v in [*host, *optimizer.variables])
    assert [v.dtype for v in optimizer.variables] == [v.dtype for v in other.variables]
    assert_same(values([*host, *optimizer.variables]), values([*device, *other.variables]), 2e-5)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_narrow_weights_stay_narrow_and_finite(name, dtype):
    options = (
        {"float16": {"epsilon": 1e-3}}.get(dtype, {}) if "epsilon" in getattr(optimizers, name)().get_config() else {}
    )
    if name == "Adafactor" and dtype == "float16":
        options = {"epsilon_1": 1e-6}
    variables = weights(dtype)
    optimizer = make(name, **options)
    for g in gradients(3):
        optimizer.apply(g, variables)
    assert {v.dtype for v in variables} == {dtype}
    assert all(np.isfinite(v.numpy().astype("float32")).all() for v in [*variables, *optimizer.variables])
    assert any(
        (a.astype("float32") != b.astype("float32")).any() for a, b in zip(values(variables), values(weights(dtype)))
    )


# -- a step ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0.1, 1.0, 1e6])
@pytest.mark.parametrize("kind", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_clipping(kind, limit):
    variables = weights()
    before = values(variables)
    (g,) = gradients(1)
    PLAIN(1.0, **{kind: limit}).apply(g, variables)
    taken = [a - b for a, b in zip(before, values(variables))]
    norm = lambda arrays: float(np.sqrt(sum((np.asarray(a) ** 2).sum() for a in arrays)))
    if kind == "clipvalue":
        wanted = [a.clip(-limit, limit) for a in g]
    elif kind == "clipnorm":
        wanted = [a * min(1, limit / norm([a])) for a in g]
    else:
        wanted = [a * min(1, limit / norm(g)) for a in g]
    assert_same(taken, wanted)


def test_the_norm_of_float16_gradients_does_not_overflow():
    v = Variable(np.zeros(4), dtype="float16")
    PLAIN(1.0, clipnorm=1.0).apply([np.full(4, 3e4, "float16")], [v])
    np.testing.assert_allclose(v.numpy(), -0.5, rtol=1e-3)


def test_running_means():
    variables = weights()
    optimizer = PLAIN(0.1, use_ema=True, ema_momentum=0.6)
    means = None
    for g in gradients(4):
        optimizer.apply(g, variables)
        now = values(variables)
        means = now if means is None else [0.6 * m + 0.4 * w for m, w in zip(means, now)]
    optimizer.finalize_variable_values(variables)
    assert_same(values(variables), means)


@pytest.mark.parametrize("name", ALL)
def test_no_two_variables_share_a_buffer(name):
    """A program that takes over the buffers of its state could not run."""
    variables, optimizer = weights(), make(name, use_ema=True, gradient_accumulation_steps=2)
    optimizer.build(variables)
    for _ in range(2):
        buffers = [id(v.value) for v in [*variables, *optimizer.variables]]
        assert len(buffers) == len(set(buffers))
        optimizer.apply(gradients(1)[0])
        optimizer.finalize_variable_values(variables)


def test_weights_that_are_excluded_do_not_decay():
    variables = weights()
    before = values(variables)
    optimizer = PLAIN(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[variables[0]], var_names=["bias"])
    optimizer.apply([np.zeros(v.shape, "float32") for v in variables], variables)
    factors = [1, 1, 0.75, 0.75]
    assert_same(values(variables), [f * w for f, w in zip(factors, before)])
    with pytest.raises(ValueError, match="before the optimizer is built"):
        optimizer.exclude_from_weight_decay(var_names=["scale"])


def test_constraint_after_the_step():
    v = Variable([1.0, 1.0], name="v")
    v.constraint = lambda w: keras.ops.maximum(w, 0.0)
    PLAIN(1.0).apply([[3.0, 0.25]], [v])
    assert v.numpy().tolist() == [0.0, 0.75]


def test_variables_that_their_gradient_overwrites():
    plain, scale = Variable([1.0], name="plain"), Variable([1.0], name="scale")
    scale.overwrite_with_gradient = True
    for name in ALL:
        optimizer = make(name, weight_decay=0.1, use_ema=True, loss_scale_factor=2.0, gradient_accumulation_steps=2)
        optimizer.apply([np.float32([0.5]), np.float32([7.0])], [plain, scale])
        assert scale.numpy().tolist() == [7.0]
        assert not any("scale" in v.path for v in optimizer.variables)
        optimizer.finalize_variable_values([plain, scale])


def test_gradients_that_are_missing():
    a, b = Variable([1.0], name="a"), Variable([1.0], name="b")
    optimizer = PLAIN(0.5, momentum=0.9)
    with pytest.warns(UserWarning, match=r"no gradient for \['b'\]"):
        optimizer.apply([np.float32([1.0]), None], [a, b])
    assert (a.numpy()[0], b.numpy()[0]) == (0.5, 1.0)
    with pytest.raises(ValueError, match="no gradient for any"):
        optimizer.apply([None, None])
    optimizer.apply([], [])
    assert int(optimizer.iterations) == 1


def stepped(*arguments, build=True):
    v = Variable([1.0, 2.0], name="v")
    optimizer = optimizers.Adam(0.1)
    if build:
        optimizer.build([v])
    optimizer.apply(*arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stepped([np.ones(2)], build=False), "needs trainable_variables"),
        (lambda: stepped([np.ones(2), np.ones(2)]), "2 gradients for 1 variables"),
        (lambda: stepped([np.ones(1)]), "the gradient of 'v' must have the variable's shape"),
        (lambda: stepped([np.ones(1)], [Variable([1.0], name="other")]), "unknown variable 'other'"),
        (lambda: optimizers.Adam(0.1).stateless_apply([], [], []), "build"),
        (lambda: optimizers.Adam(beta1=0.5), r"unknown argument\(s\) \['beta1'\]; it takes .*'beta_1'"),
        (lambda: optimizers.Adam(clipnorm=-1.0), "clipnorm must be at least 0, got -1.0"),
        (lambda: optimizers.Adam(gradient_accumulation_steps=2.5), "gradient_accumulation_steps must be an integer"),
        (lambda: optimizers.Adam("slow"), "learning_rate must be a float"),
        (lambda: optimizers.ScheduleFreeAdamW(beta_1=0.0), "beta_1 must be above 0"),
        (lambda: optimizers.get("adamm"), "Did you mean 'adam'"),
        (lambda: optimizers.get(None), "An optimizer must be"),
        (lambda: optimizers.get(3), "An optimizer must be"),
        (lambda: optimizers.SGD().set_weights([1]), "expected 2 variables"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_decay_of_keras_2_is_ignored_with_a_warning():
    with pytest.warns(UserWarning, match="decay is ignored"):
        optimizers.SGD(0.1, decay=1e-4)


def test_stateless_apply_changes_nothing():
    variables, optimizer = weights(), make("Adam")
    optimizer.build(variables)
    (g,) = gradients(1)
    before = values([*variables, *optimizer.variables])
    new, slots = optimizer.stateless_apply([v.value for v in optimizer.variables], g, [v.value for v in variables])
    assert_same(before, values([*variables, *optimizer.variables]), 0)
    compiled = dispatch.current().compile(optimizer.stateless_apply)
    again = compiled([v.value for v in optimizer.variables], g, [v.value for v in variables])
    assert_same([*new, *slots], [*again[0], *again[1]])
    optimizer.apply(g)
    assert_same([*new, *slots], values([*variables, *optimizer.variables]), 0)


def test_apply_gradients_returns_the_number_of_steps():
    v, optimizer = Variable([1.0], name="v"), PLAIN(0.5)
    assert int(optimizer.apply_gradients([(np.float32([1.0]), v)])) == 1
    assert float(v.numpy()[0]) == 0.5


# -- the learning rate ----------------------------------------------------------------------------------------------


def test_learning_rate_can_be_set_without_a_change_of_programs():
    optimizer = PLAIN(0.5)
    outer = optimizers.MultiOptimizer(optimizers.OptimizerMap(optimizer))
    outer = optimizers.LossScaleOptimizer(outer)
    before = outer._fingerprint()
    optimizer.learning_rate = 0.25
    optimizer.learning_rate.assign(0.125)
    assert float(optimizer.learning_rate) == 0.125 and outer._fingerprint() == before
    optimizer.momentum = 0.5
    assert outer._fingerprint() != before
    before = outer._fingerprint()
    optimizer.learning_rate = optimizers.schedules.ExponentialDecay(1.0, 1, 0.5)
    assert outer._fingerprint() != before


def test_learning_rate_from_a_schedule_or_a_function():
    halves = optimizers.schedules.ExponentialDecay(1.0, 1, 0.5)
    for rate, wanted in ((halves, 1 - 0.875 * 2), (lambda: 0.5, 1 - 1.5)):
        v, optimizer = Variable([1.0], name="v"), PLAIN(rate)
        assert len(optimizer.variables) == 1
        for _ in range(3):
            optimizer.apply([np.float32([1.0])], [v])
        assert float(v.numpy()[0]) == wanted
        with pytest.raises(TypeError, match="can't be set to the number 0.5"):
            optimizer.learning_rate = 0.5
    optimizer = PLAIN(0.5)
    optimizer.learning_rate = halves
    assert len(optimizer.variables) == 1 and float(optimizer.learning_rate) == 1.0


# -- optimizers of one's own ----------------------------------------------------------------------------------------


class Momentum(keras.Optimizer):
    """Written as users of Keras do."""

    def __init__(self, learning_rate=0.1, keep=0.5, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.keep = keep

    def build(self, variables):
        super().build(variables)
        self.means = [self.add_variable_from_reference(v, name="mean") for v in variables]
        self.total = keras.Variable(0.0, name="total")
        self.first = self.add_variable((2,), initializer="ones", name="first")

    def update_step(self, gradient, variable, learning_rate):
        ops = keras.ops
        mean = self.means[self._get_variable_index(variable)]
        self.assign(mean, ops.add(ops.multiply(mean, self.keep), gradient))
        self.assign_add(self.total, ops.sum(gradient))
        self.assign_sub(variable, ops.multiply(ops.cast(learning_rate, variable.dtype), mean))


def test_an_optimizer_of_ones_own():
    v = Variable([1.0, 2.0], name="v")
    optimizer = Momentum(1.0, clipvalue=1.0, name="mine")
    optimizer.build([v])
    names = [x.path for x in optimizer.variables]
    assert names == ["mine/iteration", "mine/learning_rate", "mine/v_mean", "total", "mine/first"]
    state = [v, *optimizer.variables]
    step = dispatch.current().compile(functionalize(lambda g: optimizer.apply([g]), state))
    found, _ = step([x.value for x in state], np.float32([3.0, 0.5]))
    found, _ = step(found, np.float32([3.0, 0.5]))
    assert found[0].tolist() == [1 - 1 - 1.5, 2 - 0.5 - 0.75] and float(found[4]) == 3.0
    config = optimizer.get_config()
    assert config["keep"] == 0.5 and config["clipvalue"] == 1.0
    again = Momentum.from_config(config)
    assert again.get_config() == config


def test_a_step_that_is_changed_in_a_subclass():
    class Slower(optimizers.Adam):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate * (0.1 if "bias" in variable.name else 1.0))

    plain, changed = weights(), weights()
    for optimizer, variables in ((optimizers.Adam(0.1), plain), (Slower(0.1), changed)):
        optimizer.apply(gradients(1)[0], variables)
    starts, ends, others = values(weights()), values(plain), values(changed)
    factors = [1, 0.1, 1, 1]
    assert_same([f * (a - b) for f, a, b in zip(factors, starts, ends)], [a - b for a, b in zip(starts, others)])


def test_arguments_by_place_are_those_of_keras():
    optimizer = optimizers.SGD(0.1, 0.9, True, 0.01, None, 0.5)
    assert (optimizer.nesterov, optimizer.weight_decay, optimizer.clipvalue) == (True, 0.01, 0.5)
    assert optimizers.AdamW(0.1, 0.01, 0.8).beta_1 == 0.8


def test_legacy_names():
    for name in optimizers.legacy.__all__:
        assert getattr(optimizers.legacy, name) is getattr(optimizers, name)


@pytest.mark.parametrize("n", [4, 16])
def test_what_is_traced_per_variable_stays_small(n, engine):
    """Compile time grows with the number of operations: Adam's update of one variable is about twenty."""
    if engine.name != "jax":
        pytest.skip("counted in JAX's programs")
    variables = [Variable(np.ones(3, "float32"), name=f"v{i}") for i in range(n)]
    optimizer = optimizers.Adam(0.1)
    optimizer.build(variables)
    state = [*variables, *optimizer.variables]
    program = functionalize(functools.partial(optimizer.apply, trainable_variables=variables), state)
    traced = jax.make_jaxpr(program)([v.value for v in state], [v.value for v in variables])
    assert len(traced.jaxpr.eqns) < 20 + 20 * n
