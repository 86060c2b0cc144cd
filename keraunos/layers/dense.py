"""The densely connected layer."""

from keraunos import activations, constraints, initializers, ops, regularizers
from keraunos.layers.input_spec import InputSpec, who
from keraunos.layers.layer import Layer
from keraunos.util import registry


@registry.builtin("keras.layers")
class Dense(Layer):
    """A densely connected layer: ``activation(x @ kernel + bias)``.

    Args:
        units: number of outputs.
        activation: name or function; None: linear.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: how the weights begin.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, bias_constraint: projections applied after each update.

    **Shape:** ``(batch, ..., features)`` to ``(batch, ..., units)``.

    Raises:
        ValueError: ``units`` is not a positive integer; the last dimension of the input is not the one it was built for.

    >>> import keraunos as keras
    >>> keras.layers.Dense(3, activation="relu")(keras.ops.ones((2, 5))).shape
    (2, 3)
    """

    _row_wise = True
    _outside_config = ("lora_rank", "lora_alpha")

    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        lora_rank=None,
        lora_alpha=None,
        quantization_config=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        if not isinstance(units, int) or units <= 0:
            raise ValueError(f"{who(self)}: units must be a positive integer, got {units!r}.")
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        if lora_rank is not None or quantization_config is not None:
            raise ValueError(
                f"{who(self)}: LoRA and quantization are not available yet; leave lora_rank and quantization_config out."
            )
        self.lora_rank, self.lora_alpha, self.quantization_config = None, None, None
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape):
        features = input_shape[-1]
        if features is None:
            raise ValueError(
                f"{who(self)}: the last dimension of the input must be known, got shape {tuple(input_shape)}."
            )
        self.kernel = self.add_weight(
            shape=(features, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs, training=None):
        x = ops.dense(inputs, self.kernel, self.bias)  # (batch, ..., units)
        return x if self.activation is activations.linear else self.activation(x)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)
