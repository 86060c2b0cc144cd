"""Program transformations: compilation, gradients, loops of steps, branches."""

import numpy as np
import pytest

from keraunos import ops
from keraunos.testing.compare import OnEngine, difference

X = np.asarray([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5]], "float32")
W = np.asarray([[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]], "float32")


def _loss(x, w):
    return ops.mean(ops.square(ops.tanh(ops.matmul(x, w))))


def _loss_by_numpy(values):
    return np.mean(np.tanh(values[0] @ values[1]) ** 2)


class Programs(OnEngine):
    """What training is made of."""

    def test_a_compiled_function_computes_what_the_plain_one_does(self):
        def fn(a, parts, k):
            return {"sum": a + parts[0], "list": [ops.matmul(a, parts[1]) * k, a[0]]}

        x, w = self.arrays([X, W])
        want = fn(X, [X, W], 3)
        compiled = self.engine.compile(fn, static=(2,))
        for _ in range(3):  # the first call may trace, the next ones replay
            self.same(compiled(x, [x, w], 3), [want["list"][0], want["list"][1], want["sum"]])

    def test_a_compiled_function_sees_new_values_and_new_shapes(self):
        compiled = self.engine.compile(lambda x: ops.sum(x * x, axis=0))
        for scale, n in ((1, 2), (3, 2), (2, 1), (5, 2)):
            self.same(compiled(self.engine.asarray(scale * X[:n])), np.sum((scale * X[:n]) ** 2, 0))

    def test_gradients(self):
        fn = self.training_engine().value_and_grad(lambda arrays: (_loss(*arrays), {"twice": arrays[0] * 2}))
        (value, aux), gradients = fn(self.arrays([X, W]))
        values = [X.astype("float64"), W.astype("float64")]
        self.same([value, aux["twice"]], [_loss_by_numpy(values), 2 * X])
        self.same(gradients, [difference(_loss_by_numpy, values, i) for i in range(2)], rtol=1e-3, atol=1e-4)

    def test_gradients_of_gradients(self):
        engine = self.training_engine()
        cube = engine.value_and_grad(lambda a: (ops.sum(a[0] ** 3), ()))
        outer = engine.value_and_grad(lambda a: (ops.sum(cube(a)[1][0] * a[0]), ()))  # 3x² · x
        (value, _), (gradient,) = outer(self.arrays([X]))
        self.same([value, gradient], [np.sum(3 * X**3), 9 * X**2], rtol=1e-4)

    def test_no_gradients(self):
        if self.engine.trains:
            pytest.skip(f"{self.engine_name} takes gradients")
        with pytest.raises(RuntimeError, match="gradient"):
            self.engine.value_and_grad(lambda a: (ops.sum(a[0]), ()))(self.arrays([X]))

    def test_stopped_and_custom_gradients(self):
        engine = self.training_engine()

        def odd(x):
            return ops.square(x), lambda upstream: upstream * 10.0

        odd = engine.custom_gradient(odd)
        fn = engine.value_and_grad(lambda a: (ops.sum(odd(a[0]) + ops.stop_gradient(a[0]) * 5), ()))
        (value, _), (gradient,) = fn(self.arrays([X]))
        self.same([value, gradient], [np.sum(X**2 + 5 * X), np.full(X.shape, 10.0)])

    def test_a_custom_gradient_leaves_the_value(self):
        fn = self.engine.custom_gradient(lambda x: (ops.square(x), lambda upstream: upstream))
        self.same(fn(self.engine.asarray(X)), X**2)

    @pytest.mark.parametrize("cuts", [(0, 6), (0, 1, 6), (0, 2, 4, 6), (0, 1, 2, 3, 4, 5, 6)], ids=str)
    def test_steps_do_not_depend_on_how_they_are_cut(self, cuts):
        def step(i, carry, constants):
            (weights, total), (rows,) = carry, constants
            row = ops.take(rows, ops.cast(ops.mod(i, 2), "int32"), axis=0)
            return [weights * 0.5 + row, total + ops.sum(weights)]

        def run(cuts):
            program = self.engine.steps(step)
            carry = self.arrays([np.zeros(3, "float32"), np.zeros((), "float32")])
            for start, stop in zip(cuts, cuts[1:]):
                carry = program(carry, self.arrays([X]), start, stop)
            return [self.engine.to_numpy(c) for c in carry]

        whole, parts = run((0, 6)), run(cuts)
        assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))
        weights, total = np.zeros(3), 0.0
        for i in range(6):
            weights, total = weights * 0.5 + X[i % 2], total + weights.sum()
        self.same(parts, [weights, total])

    def test_branches_and_loops(self):
        x = self.engine.asarray(X)
        self.same(ops.cond(ops.sum(x) > 0, lambda: x + 1, lambda: x - 1), X + 1)
        self.same(ops.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * 2), (0, x))[1], X * 8)
        self.same(ops.fori_loop(0, 3, lambda i, y: y + i, x), X + 3)

    def test_concrete_values_inside_of_a_trace(self):
        kept = []

        def fn(x):
            with self.engine.eagerly():
                kept.append(float(ops.sum(self.engine.asarray(X))))
            return x * kept[-1]

        self.same(self.engine.compile(fn)(self.engine.asarray(X)), X * X.sum(), rtol=1e-4)
        assert kept
