"""Gradients, compiled functions, maps over rows, recomputation: of pure and of stateful code, one inside the other."""

from typing import NamedTuple

import jax
import numpy as np
import pytest

import keraunos as keras
from keraunos import layers, ops

X = np.linspace(-1.2, 1.4, 12, dtype="float32").reshape(4, 3)
Y = np.sin(3 * X[:, :1])


def host(x):
    return np.asarray(ops.convert_to_numpy(x), dtype="float64")


def network(**options):
    """A small network with weights, and with statistics and a seed if wanted."""
    keras.utils.set_random_seed(3)
    stack = [keras.Input((3,)), layers.Dense(5, activation="tanh")]
    stack += [layers.BatchNormalization()] if options.get("normalized") else []
    stack += [layers.Dropout(0.5, seed=4)] if options.get("dropout") else []
    return keras.Sequential([*stack, layers.Dense(1)])


def error_of(model, x, y, training=False):
    return ops.mean(ops.square(model(x, training=training) - y))


def data():
    return ops.convert_to_tensor(X), ops.convert_to_tensor(Y)


def close(found, expected, tolerance=1e-5):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(host(a), host(b), rtol=tolerance, atol=tolerance)


# -- gradients ---------------------------------------------------------------------------------------------------------------


def slope_penalty(net, x):
    """How far the slopes of a network are from 1."""
    slopes = keras.grad(lambda z: ops.sum(net(z)))(x)  # (4, 3)
    return ops.mean(ops.square(ops.sqrt(ops.sum(ops.square(slopes), axis=1)) - 1))


DIFFERENTIABLE = {  # name -> function of a network that returns a function of an array
    "cubic": lambda _: lambda x: ops.sum(x**3),
    "softplus": lambda _: lambda x: ops.mean(ops.softplus(2 * x)),
    "network": lambda net: lambda x: ops.sum(net(x) ** 2),
    "checkpoint": lambda net: lambda x: ops.sum(keras.checkpoint(lambda z: ops.tanh(net(z)))(x) ** 2),
    "vmap": lambda net: lambda x: ops.sum(keras.vmap(lambda row: net(row[None])[0])(x) ** 2),
    "jit": lambda net: keras.jit(lambda x: ops.sum(net(x) ** 2)),
    "gradient penalty": lambda net: lambda x: slope_penalty(net, x),
}


def differences(fn, x, step):
    """Central differences of a function of one array."""
    found = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        shift = np.zeros(x.shape, "float32")
        shift[place] = step
        found[place] = (host(fn(x + shift)) - host(fn(x - shift))) / (2 * step)
    return found


@pytest.mark.trains
@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_first_and_second_derivatives_are_those_of_differences(name):
    fn = DIFFERENTIABLE[name](network())
    direction = np.cos(np.arange(12, dtype="float32")).reshape(4, 3)
    first = keras.jit(keras.grad(fn))
    along = keras.jit(lambda x: ops.sum(keras.grad(fn)(x) * ops.convert_to_tensor(direction)))
    second = keras.jit(keras.grad(along))
    np.testing.assert_allclose(host(first(X)), differences(keras.jit(fn), X, 1e-2), atol=4e-3)
    np.testing.assert_allclose(host(second(X)), differences(along, X, 1e-2), atol=1.2e-2)


@pytest.mark.trains
def test_arguments_are_nests_and_places():
    fn = lambda p, x, scale=1.0: ops.sum(p["w"] * x + p["b"][0]) * scale
    nest = {"w": np.array([1.0, 2.0], "float32"), "b": [3.0]}
    value, found = keras.value_and_grad(fn)(nest, np.array([5.0, 7.0], "float32"), scale=2.0)
    assert float(value) == 50.0
    assert host(found["w"]).tolist() == [10.0, 14.0]
    assert float(found["b"][0]) == 4.0
    both = keras.grad(fn, argnums=(0, -1))(nest, np.array([5.0, 7.0], "float32"))
    assert host(both[1]).tolist() == [1.0, 2.0]


@pytest.mark.trains
def test_aux_may_be_anything_and_other_variables_change():
    v, count = keras.Variable(2.0), keras.Variable(0, dtype="int32", trainable=False)

    def fn():
        count.assign_add(1)
        return v * v, {"twice": v * 2, "name": "aux", "variable": count, "none": None}

    (value, aux), (gradient,) = keras.value_and_grad(fn, [v], has_aux=True)
    assert (float(value), float(gradient), float(aux["twice"]), int(aux["variable"])) == (4.0, 4.0, 4.0, 1)
    assert (aux["name"], aux["none"], int(count)) == ("aux", None, 1)
    (gradient,), aux = keras.grad(fn, [v], has_aux=True)
    assert (float(gradient), int(count)) == (4.0, 2)


@pytest.mark.trains
def test_gradients_of_an_argument_keep_statistics_and_seeds():
    model, (x, _) = network(normalized=True, dropout=True), data()
    before = [host(v) for v in model.non_trainable_variables]
    keras.jit(keras.grad(lambda z: ops.sum(model(z, training=True))))(x)
    changed = [np.abs(host(v) - b).max() > 0 for v, b in zip(model.non_trainable_variables, before, strict=True)]
    assert all(changed)


@pytest.mark.trains
def test_a_variable_that_is_not_needed_has_zeros():
    v, other = keras.Variable([1.0, 2.0]), keras.Variable([1.0])
    close(keras.grad(lambda: ops.sum(v**2), [v, other]), [[2.0, 4.0], [0.0]])


def adapted_loss(model, x, y, steps=1):
    """The error after some steps of gradient descent from the model's weights."""
    weights = model.trainable_variables
    fast = [v.value for v in weights]
    for _ in range(steps):
        with keras.StatelessScope(list(zip(weights, fast, strict=True))):
            gradients = keras.grad(lambda: error_of(model, x, y), weights)
        fast = [w - 0.3 * g for w, g in zip(fast, gradients, strict=True)]
    with keras.StatelessScope(list(zip(weights, fast, strict=True))):
        return error_of(model, 2 * x, y)


@pytest.mark.trains
@pytest.mark.parametrize("steps", [1, 2])
def test_a_gradient_goes_through_inner_updates(steps):
    model, (x, y) = network(), data()
    outer = keras.jit(lambda: keras.grad(lambda: adapted_loss(model, x, y, steps), model.trainable_variables)[0])
    kernel = model.trainable_variables[0]

    @keras.jit
    def at(value):
        with keras.StatelessScope([(kernel, value)]):
            return adapted_loss(model, x, y, steps)

    expected = differences(at, kernel.numpy(), 1e-2)
    for _ in range(3):  # an engine may run it, record it, repeat it
        np.testing.assert_allclose(host(outer()), expected, atol=4e-3)
    without_update = keras.grad(lambda: error_of(model, 2 * x, y), [kernel])[0]
    assert np.abs(expected - host(without_update)).max() > 0.01


@pytest.mark.trains
def test_tasks_of_meta_learning_in_a_map():
    model, (x, y) = network(), data()
    xs, ys = ops.stack([x, 2 * x]), ops.stack([y, -y])
    mapped = keras.vmap(lambda x, y: adapted_loss(model, x, y))
    together = lambda: ops.sum(mapped(xs, ys))
    one_by_one = lambda: adapted_loss(model, xs[0], ys[0]) + adapted_loss(model, xs[1], ys[1])
    found, expected = (
        keras.jit(lambda f=f: keras.grad(f, model.trainable_variables))() for f in (together, one_by_one)
    )
    close(found, expected)


class Critic(keras.Model):
    """A model whose own step penalises the gradient with respect to its inputs."""

    def __init__(self):
        super().__init__()
        self.net = network(normalized=True, dropout=True)

    def call(self, x, training=False):
        return self.net(x, training=training)

    def train_step(self, data):
        x, y = data

        def loss():
            slopes = keras.grad(lambda z: ops.sum(self(z)))(x)
            return error_of(self, x, y, training=True) + ops.mean(ops.square(ops.sum(slopes**2, axis=1) - 1))

        value, gradients = self.value_and_grad(loss)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": value}


@pytest.mark.trains
def test_a_gradient_penalty_in_fit_is_that_of_a_loop_by_hand():
    """Epochs of two steps: an engine may run, record, and repeat them."""
    model = Critic()
    model.compile(keras.optimizers.Adam(0.01))
    history = model.fit(X, Y, batch_size=2, epochs=4, shuffle=False, verbose=0)
    model = Critic()
    model.optimizer = keras.optimizers.Adam(0.01)
    x, y = data()
    step = keras.jit(lambda *batch: model.train_step(batch)["loss"])
    losses = [float(step(x[i : i + 2], y[i : i + 2])) for _ in range(4) for i in (0, 2)]
    np.testing.assert_allclose(history.history["loss"], losses[1::2], rtol=1e-4)
    assert losses[-1] < losses[1]


# -- jit ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.trains
def test_a_compiled_step_trains_as_a_model_does():
    def start():
        return network(normalized=True, dropout=True), keras.optimizers.Adam(0.02)

    model, optimizer = start()
    mean = keras.metrics.Mean()

    @keras.jit
    def step(x, y):
        loss, gradients = keras.value_and_grad(lambda: error_of(model, x, y, True), model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        mean.update_state(loss)
        return {"loss": loss, "steps": optimizer.iterations}

    logs = [step(*data()) for _ in range(5)]
    assert int(logs[-1]["steps"]) == 5
    witness, witness_optimizer = start()
    witness.compile(witness_optimizer, "mse")
    losses = [witness.train_on_batch(X, Y) for _ in range(5)]
    close([log["loss"] for log in logs], losses, 1e-4)
    assert float(mean.result()) == pytest.approx(np.mean(losses), rel=1e-4)
    close([*model.variables, *optimizer.variables], [*witness.variables, *witness_optimizer.variables], 1e-4)


def test_what_a_call_builds_is_kept():
    layer, generator = layers.Dense(2), keras.random.SeedGenerator(1)
    noisy = keras.jit(lambda x: layer(x) + keras.random.normal((2,), seed=generator))
    first, second, third = (host(noisy(X)) for _ in range(3))
    assert [v.shape for v in layer.weights] == [(3, 2), (2,)]
    assert generator.state.numpy().tolist() == [1, 3]
    plain = keras.random.SeedGenerator(1)
    for found in (first, second, third):
        np.testing.assert_allclose(found, host(layer(X) + keras.random.normal((2,), seed=plain)), atol=1e-5)


def test_the_global_generator_goes_on_and_starts_anew():
    draw = keras.jit(lambda: keras.random.normal((3,)))
    keras.utils.set_random_seed(5)
    expected = [host(keras.random.normal((3,))) for _ in range(4)]
    keras.utils.set_random_seed(5)
    close([draw() for _ in range(4)], expected)
    keras.utils.set_random_seed(5)
    close([draw() for _ in range(4)], expected)


class Call(NamedTuple):
    """A function, calls of it with what they give, and how often its Python code runs where programs are traced."""

    fn: object
    calls: list
    runs: int
    options: dict = {}


CALLS = {
    "numbers are data": Call(lambda x, n: x * n, [((X, 2), 2 * X), ((X, 3), 3 * X)], 1),
    "flags are not": Call(lambda x, up: x if up else -x, [((X, True), X), ((X, False), -X), ((X, True), X)], 2),
    "nor is text": Call(lambda x, f: getattr(ops, f)(x), [((X, "abs"), abs(X)), ((X, "tanh"), np.tanh(X))], 2),
    "shapes": Call(lambda x: x + 1, [((X,), X + 1), ((X[:2],), X[:2] + 1), ((X[:2],), X[:2] + 1)], 2),
    "places": Call(lambda x, n: x[:n], [((X, 2), X[:2]), ((X, 3), X[:3])], 2, {"static_argnums": 1}),
    "last place": Call(lambda x, n: x[:n], [((X, 2), X[:2]), ((X, 3), X[:3])], 2, {"static_argnums": (-1,)}),
    "nests": Call(lambda p: p["a"] + p["b"][0], [(({"a": X, "b": [X]},), 2 * X), (({"a": X, "b": [1]},), X + 1)], 2),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_is_data_and_what_is_compiled_in(name, engine):
    case, runs = CALLS[name], []

    def counted(*args):
        runs.append(args)
        return case.fn(*(ops.convert_to_tensor(a) if isinstance(a, np.ndarray) else a for a in args))

    compiled = keras.jit(counted, **case.options)
    for args, expected in case.calls * 4:
        np.testing.assert_allclose(host(compiled(*args)), expected, atol=1e-6)
    assert len(runs) <= {"jax": 1, "torch": 2}.get(engine.name, 99) * case.runs


def test_named_static_arguments_and_results_of_any_kind():
    @keras.jit(static_argnames="n")
    def fn(x, n=1):
        return {"x": x[:n], "n": n, "text": "t", "none": None}

    found = fn(X, n=2)
    assert (found["n"], found["text"], found["none"], found["x"].shape) == (2, "t", None, (2, 3))
    assert fn(X, n=3)["x"].shape == (3, 3)


class Counter:
    def __init__(self):
        self.total = keras.Variable(0.0)

    @keras.jit
    def add(self, x):
        self.total.assign_add(x)
        return self.total


def test_methods_have_the_state_of_their_own_object():
    one, other = Counter(), Counter()
    found = [float(one.add(1.0)), float(other.add(5.0)), float(one.add(2.0)), float(other.add(5.0))]
    assert found == [1.0, 5.0, 3.0, 10.0]
    assert (float(one.total), float(other.total)) == (3.0, 10.0)


@pytest.mark.trains
def test_a_frozen_layer_is_noticed():
    model, (x, y) = network(), data()
    gradients = keras.jit(lambda: keras.grad(lambda: error_of(model, x, y), model.trainable_variables))
    assert [len(gradients()) for _ in range(3)] == [4] * 3
    model.layers[0].trainable = False
    assert [len(gradients()) for _ in range(3)] == [2] * 3


def test_compiled_functions_call_each_other():
    total = keras.Variable(0.0)

    @keras.jit
    def inner(x):
        total.assign_add(ops.sum(x))
        return total * 1

    outer = keras.jit(lambda x: inner(x) + inner(x))
    assert [float(outer(np.ones(2, "float32"))) for _ in range(3)] == [6.0, 14.0, 22.0]
    assert float(total) == 12.0
    with keras.StatelessScope([(total, 100.0)]) as scope:
        assert float(inner(np.ones(2, "float32"))) == 102.0
    assert (float(scope.get_current_value(total)), float(total)) == (102.0, 12.0)


def test_a_function_that_looks_at_values_is_run_where_nothing_is_traced(engine):
    if engine.name == "jax":
        pytest.skip("JAX's programs have no values to look at")
    halve = keras.jit(lambda x: x / 2 if float(ops.sum(x)) > 0 else x)
    for sign in (1, -1, 1, -1, 1):
        x = np.array([sign], "float32")
        assert float(halve(x)[0]) == (0.5 if sign > 0 else -1.0)


# -- vmap --------------------------------------------------------------------------------------------------------------------


class Mapped(NamedTuple):
    fn: object
    shapes: list
    in_axes: object = 0
    out_axes: object = 0


MAPPED = {
    "one": Mapped(lambda x: x * 2, [(3, 2)]),
    "two": Mapped(lambda x, y: ops.sum(x * y), [(3, 2), (3, 2)]),
    "other axis": Mapped(lambda x: ops.cumsum(x, axis=0), [(2, 3)], 1, 1),
    "negative axes": Mapped(lambda x, y: x + y, [(2, 3), (3, 2)], (-1, -2), -1),
    "not all": Mapped(lambda x, y: x @ y, [(3, 2, 2), (2, 4)], (0, None)),
    "nested results": Mapped(lambda x: {"a": x, "b": ops.sum(x)}, [(3, 2)], 0, {"a": 1, "b": 0}),
    "no array inside": Mapped(lambda x: 1.0, [(3,)]),
}


@pytest.mark.parametrize("name", MAPPED)
def test_a_map_is_a_loop_over_rows(name):
    case = MAPPED[name]
    args = [np.random.default_rng(i).normal(size=shape).astype("float32") for i, shape in enumerate(case.shapes)]
    axes = case.in_axes if isinstance(case.in_axes, tuple) else (case.in_axes,) * len(args)
    size = next(a.shape[axis] for a, axis in zip(args, axes, strict=True) if axis is not None)
    take = lambda a, axis, i: ops.convert_to_tensor(a if axis is None else np.take(a, i, axis))
    rows = [case.fn(*(take(a, axis, i) for a, axis in zip(args, axes, strict=True))) for i in range(size)]
    found = keras.vmap(case.fn, case.in_axes, case.out_axes)(*args)
    out_axes = case.out_axes if isinstance(found, dict) else {"": case.out_axes}
    found, rows = (found, rows) if isinstance(found, dict) else ({"": found}, [{"": row} for row in rows])
    for key, axis in out_axes.items():
        expected = np.stack([host(row[key]) for row in rows], axis)
        np.testing.assert_allclose(host(found[key]), expected, atol=1e-5)


def test_arguments_of_a_map_are_nests():
    fn = lambda p, x: p["w"] * x + p["b"]
    nest = {"w": X, "b": np.float32(1.0)}
    found = keras.vmap(fn, in_axes=({"w": 0, "b": None}, 0))(nest, Y[:, 0])
    np.testing.assert_allclose(host(found), X * Y + 1, atol=1e-6)


@pytest.mark.trains
def test_gradients_of_each_sample():
    model, (x, y) = network(), data()
    variables = model.trainable_variables
    of_one = lambda x, y: keras.grad(lambda: error_of(model, x[None], y[None]), variables)
    per_sample = keras.jit(keras.vmap(of_one))(x, y)
    assert [g.shape[0] for g in per_sample] == [4] * 4
    close([host(g).mean(0) for g in per_sample], keras.grad(lambda: error_of(model, x, y), variables))


def test_a_counter_may_be_counted_in_a_map():
    count, generator = keras.Variable(0.0), keras.random.SeedGenerator(2)

    def fn(x):
        count.assign_add(1.0)
        return x + keras.random.uniform((), seed=generator)

    found = host(keras.vmap(fn)(np.zeros(3, "float32")))
    assert float(count) == 1.0
    assert generator.state.numpy().tolist() == [2, 1]
    assert len(set(found.tolist())) == 1


# -- checkpoint --------------------------------------------------------------------------------------------------------------


@pytest.mark.trains
def test_recomputed_functions_change_what_they_change_once():
    def gradients(recompute):
        model, (x, y) = network(normalized=True, dropout=True), data()
        block = lambda x, training: {"out": model(x, training=training), "note": "n"}
        block = keras.checkpoint(block) if recompute else block
        loss = lambda: ops.mean((block(x, training=True)["out"] - y) ** 2)
        step = keras.jit(lambda: keras.value_and_grad(loss, model.trainable_variables))
        found = [step() for _ in range(3)]  # an engine may run it, record it, repeat it
        return [g for value, gs in found for g in (value, *gs)], model.non_trainable_variables

    (found, state), (expected, expected_state) = gradients(True), gradients(False)
    close(found, expected)
    close(state, expected_state)


@pytest.mark.trains
def test_what_a_block_reads_is_what_it_read_at_first():
    """Weights that hold in a scope only are gone when PyTorch computes the block again."""
    model, (x, y) = network(), data()
    weights = model.trainable_variables
    block = keras.checkpoint(lambda x: model(x))

    def loss(call):
        with keras.StatelessScope([(v, 2 * v) for v in weights]):
            return ops.mean((call(x) - y) ** 2)

    found, expected = (keras.jit(lambda f=f: keras.grad(lambda: loss(f), weights))() for f in (block, model))
    close(found, expected)


@pytest.mark.trains
def test_losses_added_inside_come_out():
    layer = layers.ActivityRegularization(l2=0.1)
    block = keras.checkpoint(lambda x: layer(x) * 2)

    class Outer(layers.Layer):
        def call(self, x):
            return block(x)

    outer = Outer()
    outer.inner = layer

    def loss(x):
        out = outer(x)
        return ops.sum(out) + sum(outer.losses)

    np.testing.assert_allclose(host(keras.grad(loss)(X)), 2 + 0.2 * X / 4, atol=1e-5)


@pytest.mark.trains
def test_results_inside_are_computed_again(engine):
    runs = []

    def deep(x):
        runs.append(1)
        for _ in range(5):
            x = ops.tanh(x)
        return ops.sum(x)

    gradient = keras.grad(keras.checkpoint(deep))
    if engine.name == "jax":
        count = lambda fn: str(jax.make_jaxpr(fn)(X)).count("tanh")
        assert count(gradient) > count(keras.grad(deep))
    else:
        gradient(X)
        assert len(runs) == 2


# -- errors ------------------------------------------------------------------------------------------------------------------


def outside_value():
    v = keras.Variable([1.0, 2.0], name="v")
    taken = v.value
    return keras.grad(lambda: ops.sum(taken), [v])


def makes_variables():
    def fn(x):
        local = keras.Variable(0.0, name="local")
        local.assign_add(x)
        return local

    compiled = keras.jit(fn)
    return [compiled(1.0) for _ in range(4)]


def batched_write():
    total = keras.Variable(0.0, name="total")
    return keras.vmap(lambda x: total.assign_add(x))(np.arange(3, dtype="float32"))


def variable(name="v"):
    return keras.Variable([1.0, 2.0], name=name)


ERRORS = {  # name -> (what is done, type, what the message says, whether the engine must take gradients)
    "vector": (
        lambda v: keras.grad(lambda: v * 2, [v]),
        ValueError,
        r"must return a scalar.*\(2,\).*mean or sum",
        True,
    ),
    "pair": (lambda v: keras.grad(lambda: (ops.sum(v), 1), [v]), ValueError, "pass has_aux=True", True),
    "no pair": (lambda v: keras.grad(lambda: ops.sum(v), [v], has_aux=True), ValueError, r"\(scalar, aux\)", True),
    "nothing": (lambda v: keras.grad(lambda: None, [v]), ValueError, "float scalar, got None", True),
    "integer": (lambda v: keras.grad(lambda: ops.argmax(v), [v]), ValueError, "float scalar.*int", True),
    "not reached": (lambda _: outside_value(), ValueError, "reads none of the variables.*constants", True),
    "assigned": (lambda v: keras.grad(lambda: ops.sum(v.assign(v * 2)), [v]), ValueError, "'v' is assigned", True),
    "whole numbers": (lambda _: keras.grad(lambda x: ops.sum(x))(np.arange(3)), ValueError, "argument 0.*float", True),
    "too few": (lambda _: keras.grad(lambda x: x, argnums=1)(1.0), ValueError, "no argument 1", False),
    "places": (lambda _: keras.grad(lambda x: x, 0), TypeError, r"list of Variables, got 0.*argnums", False),
    "no variables": (lambda v: keras.grad(lambda: v, [v.value]), TypeError, "list of Variables", False),
    "no function": (lambda v: keras.value_and_grad(v * 2, [v]), TypeError, "must be a function", False),
    "integers": (
        lambda _: keras.grad(lambda: 1.0, [keras.Variable(1, dtype="int32", name="n")]),
        ValueError,
        "float dtype, 'n' is int32",
        False,
    ),
    "new variables": (lambda _: makes_variables(), ValueError, "new variables at each call.*local", False),
    "no hash": (lambda _: keras.jit(lambda x: x)({1, 2}), TypeError, r"needs a hash.*\{1, 2\}", False),
    "symbolic": (lambda _: keras.jit(lambda x: x)(keras.Input((2,))), TypeError, "symbolic", False),
    "other in each row": (lambda _: batched_write(), ValueError, "total.*each row", False),
    "sizes": (lambda _: keras.vmap(lambda x, y: x)(X, X[:2]), ValueError, r"same size, got \[4, 2\]", False),
    "axis": (lambda _: keras.vmap(lambda x: x, in_axes=2)(X), ValueError, "no axis 2", False),
    "all whole": (lambda _: keras.vmap(lambda x: x, in_axes=None)(X), ValueError, "maps no argument", False),
    "axes": (lambda _: keras.vmap(lambda x: x, in_axes=(0, 0))(X), ValueError, "each of the 1 arguments", False),
    "nest of axes": (lambda _: keras.vmap(lambda x: x, in_axes=([0],))(X), ValueError, "in_axes must be", False),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_is_wrong(name, engine):
    act, kind, message, gradients = ERRORS[name]
    if gradients and not engine.trains:
        pytest.skip("this engine takes no gradients")
    with pytest.raises(kind, match=message):
        act(variable())


def test_an_engine_without_gradients_says_so():
    with keras.backend.use("numpy"):
        v = keras.Variable(1.0)
        with pytest.raises(RuntimeError, match="NumPy engine takes no gradients"):
            keras.value_and_grad(lambda: v * v, [v])
        with pytest.raises(RuntimeError, match="NumPy engine takes no gradients"):
            keras.grad(lambda x: x * x)(1.0)
