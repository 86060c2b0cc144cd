"""A layer whose kernel has largest singular value 1."""

from keraunos import initializers, ops
from keraunos.core.scope import AutocastScope, StateScope
from keraunos.layers.input_spec import InputSpec, who
from keraunos.layers.wrapper import Wrapper
from keraunos.util import registry


@registry.builtin("keras.layers")
class SpectralNormalization(Wrapper):
    """A layer whose kernel is divided by its largest singular value in training, found by power iteration.

    In training the layer computes with the divided kernel, and after each update of the weights the kernel itself is divided, so
    that inference uses it as it is.

    Args:
        layer: one with a ``kernel`` or ``embeddings``.
        power_iterations: how many in each step.

    **Shape:** that of the layer. Source: Miyato et al., 2018, https://arxiv.org/abs/1802.05957.

    Raises:
        ValueError: ``power_iterations`` is not positive; the layer has no kernel.

    >>> import keraunos as keras
    >>> keras.layers.SpectralNormalization(keras.layers.Dense(3))(keras.ops.ones((2, 4)), training=True).shape
    (2, 3)
    """

    def __init__(self, layer, power_iterations=1, **kwargs):
        super().__init__(layer, **kwargs)
        if not isinstance(power_iterations, int) or power_iterations < 1:
            raise ValueError(f"{who(self)}: power_iterations must be a positive integer, got {power_iterations!r}.")
        self.power_iterations = power_iterations
        self._row_wise = layer._row_wise

    def build(self, input_shape):
        super().build(input_shape)
        self.input_spec = InputSpec(shape=(None, *input_shape[1:]))
        self.kernel = getattr(self.layer, "kernel", None)
        if self.kernel is None:
            self.kernel = getattr(self.layer, "embeddings", None)
        if self.kernel is None:
            raise ValueError(f"{who(self)}: layer must have a kernel or embeddings, which {who(self.layer)} has not.")
        self.vector_u = self.add_weight(
            shape=(1, self.kernel.shape[-1]),
            initializer=initializers.TruncatedNormal(stddev=0.02),
            trainable=False,
            name="vector_u",
            dtype=self.kernel.dtype,
            autocast=False,
        )
        before = self.kernel.constraint
        self.kernel.constraint = lambda w: self._divided(w if before is None else before(w))[0]

    def _divided(self, kernel):
        """(kernel / its largest singular value, the singular vector)."""
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))  # (inputs, outputs)
        fixed, u = ops.stop_gradient(matrix), ops.convert_to_tensor(self.vector_u)
        for _ in range(self.power_iterations):
            v = ops.normalize(ops.matmul(u, ops.transpose(fixed)), axis=None)  # (1, inputs)
            u = ops.normalize(ops.matmul(v, fixed), axis=None)  # (1, outputs)
        sigma = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))  # (1, 1)
        return kernel / ops.reshape(sigma, ()), u

    def call(self, inputs, training=None):
        if not training:
            return ops.cast(self.layer(inputs), self.compute_dtype)
        with AutocastScope(None):
            kernel, u = self._divided(self.kernel.value)
        self.vector_u.assign(u)
        with StateScope(
            [self.kernel], [kernel]
        ) as scope:  # a weight that is trained can't be assigned where gradients are taken
            outputs = self.layer(inputs)
        for variable in scope.written.values():
            variable.assign(scope.values[id(variable)])
        return ops.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)
