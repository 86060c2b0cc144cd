"""A dense layer of any shape, told by an equation."""

import copy
import re

from keraunos import activations, constraints, initializers, ops, regularizers
from keraunos.layers.input_spec import InputSpec, who
from keraunos.layers.layer import Layer
from keraunos.util import registry


@registry.builtin("keras.layers")
class EinsumDense(Layer):
    """``activation(einsum(equation, x, kernel) + bias)``.

    Args:
        equation: of ``einsum``, with the input, the kernel and the output, such as "abc,cd->abd"; letters that only the kernel
            and the output have are new dimensions. "..." may stand for dimensions that pass through.
        output_shape: sizes of the output without the batch (and without those of a leading "..."); None: that of the input.
        activation: name or function; None: linear.
        bias_axes: letters of the output along which there is a bias; None: no bias.
        kernel_initializer, bias_initializer: how the weights begin.
        kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint: penalties and projections.

    **Shape:** as the equation says.

    Raises:
        ValueError: the equation can't be read; shapes don't fit it.

    >>> import keraunos as keras
    >>> keras.layers.EinsumDense("abc,cd->abd", output_shape=(None, 8), bias_axes="d")(keras.ops.ones((2, 3, 4))).shape
    (2, 3, 8)
    """

    _row_wise = True
    _outside_config = ("lora_rank", "lora_alpha", "gptq_unpacked_column_size")

    def __init__(
        self,
        equation,
        output_shape,
        activation=None,
        bias_axes=None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        lora_rank=None,
        lora_alpha=None,
        gptq_unpacked_column_size=None,
        quantization_config=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if lora_rank is not None or quantization_config is not None:
            raise ValueError(
                f"{who(self)}: LoRA and quantization are not available yet; leave lora_rank and quantization_config out."
            )
        self.equation = equation
        self._parts_of_equation = left, middle, right = _split(self, equation)
        self._row_wise = left[0] == right[0] and left[0] not in middle
        self.output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.bias_axes = bias_axes
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.quantization_config = None

    def _sizes(self, input_shape):
        """Letters of the output, "..." spelled out, and the size of each letter of the equation for inputs of a shape."""
        left, _, right = self._parts_of_equation
        hidden = "".join(chr(0x3B1 + i) for i in range(len(input_shape) - len(left.replace("...", ""))))
        seen = left.replace("...", hidden)
        if len(seen) != len(input_shape):
            raise ValueError(
                f"{who(self)}: the input shape {tuple(input_shape)} does not fit {left!r} of the equation {self.equation!r}."
            )
        letters = right.replace("...", hidden)
        told = letters[
            1:
        ]  # what output_shape tells the sizes of: all but the batch, with or without what "..." stands for
        if len(told) != len(self.output_shape):
            told = right.removeprefix("...") if right.startswith("...") else right.removesuffix("...")[1:]
        if len(told) != len(self.output_shape):
            raise ValueError(
                f"{who(self)}: output_shape {self.output_shape} must hold a size, or None, for each of {tuple(told)} of the equation "
                f"{self.equation!r}."
            )
        sizes = dict(zip(seen, input_shape, strict=True))
        for letter, n in zip(told, self.output_shape, strict=True):
            known = sizes.get(letter)
            if known is not None and n is not None and known != n:
                raise ValueError(
                    f"{who(self)}: dimension {letter!r} of the equation {self.equation!r} is {known} in the input "
                    f"{tuple(input_shape)}, but {n} in output_shape {self.output_shape}."
                )
            sizes[letter] = n if known is None else known
        return letters, sizes

    def build(self, input_shape):
        middle = self._parts_of_equation[1]
        letters, sizes = self._sizes(input_shape)
        missing = [c for c in middle if sizes.get(c) is None]
        if missing:
            raise ValueError(
                f"{who(self)}: the sizes of the kernel's dimensions {missing} must be known, from the input or output_shape; the "
                f"equation is {self.equation!r}, the input shape {tuple(input_shape)}, output_shape {self.output_shape}."
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=tuple(sizes[c] for c in middle),
            initializer=_with_axes(self.kernel_initializer, middle, letters),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.bias_axes is not None:
            self.bias = self.add_weight(
                name="bias",
                shape=self._bias_shape(letters, sizes),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(ndim=len(input_shape))

    def _bias_shape(self, letters, sizes):
        """Sizes along the bias axes, 1 between and behind them."""
        if not self.bias_axes or not set(self.bias_axes) <= set(letters):
            raise ValueError(
                f"{who(self)}: bias_axes must be letters of the output of the equation {self.equation!r}, got {self.bias_axes!r}."
            )
        full = [sizes[c] if c in self.bias_axes else 1 for c in letters]
        if None in full:
            raise ValueError(
                f"{who(self)}: the sizes along bias_axes {self.bias_axes!r} must be known; give them in output_shape."
            )
        return tuple(full[min(letters.index(c) for c in self.bias_axes) :])

    def call(self, inputs, training=None):
        x = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        return x if self.activation is activations.linear else self.activation(x)

    def compute_output_shape(self, input_shape):
        letters, sizes = self._sizes(input_shape)
        return tuple(sizes[c] for c in letters)

    def get_config(self):
        return {**super().get_config(), "activity_regularizer": regularizers.serialize(self.activity_regularizer)}


def _with_axes(initializer, kernel, output):
    """The initializer told which axes of the kernel are inputs (those summed over) and which are outputs, if it can be told."""
    if not isinstance(initializer, initializers.VarianceScaling) or initializer.input_axes or initializer.output_axes:
        return initializer
    found = copy.copy(initializer)
    found.input_axes = [i for i, c in enumerate(kernel) if c not in output]
    found.output_axes = [i for i, c in enumerate(kernel) if c in output]
    return found


_DOTS = r"(?:[a-zA-Z]*(?:\.\.\.)?[a-zA-Z]*)"
_EQUATION = re.compile(rf"({_DOTS}),([a-zA-Z]+)->({_DOTS})")


def _split(layer, equation):
    """(input, kernel, output) of an equation."""
    found = _EQUATION.fullmatch(equation.replace(" ", "")) if isinstance(equation, str) else None
    if found is None or not found[1] or not found[3] or ("..." in found[1]) != ("..." in found[3]):
        raise ValueError(
            f"{who(layer)}: equation must have the form 'input,kernel->output', such as 'abc,cd->abd' ('...' at the beginning or "
            f"end of input and output), got {equation!r}."
        )
    return found[1], found[2], found[3]
