"""A formula as a layer: its constants are weights and train on."""

from keraunos import initializers, ops
from keraunos.layers import Layer
from keraunos.programs.formula.expression import constants, is_valid
from keraunos.programs.formula.operators import ARITIES
from keraunos.util import registry

APPLIED = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "neg": lambda a: -a,
    "inv": lambda a: 1.0 / a,
    "cube": lambda a: a * a * a,
    "abs": ops.abs,
    **{n: getattr(ops, n) for n in "square sqrt exp log sin cos tan arcsin arccos arctan tanh".split()},
}


def apply(tokens, x, values):
    """The expression on engine arrays: columns of x, (..., variables) -> (..., 1), with the given values of the constants."""
    stack, k = [], 0
    for token in tokens:
        if type(token) is int:
            stack.append(x[..., token : token + 1])
        elif type(token) is float:
            stack.append(values[k])
            k += 1
        else:
            arguments = stack[-ARITIES[token] :]
            del stack[-ARITIES[token] :]
            stack.append(APPLIED[token](*arguments))
    return stack[0] + ops.zeros_like(x[..., :1])


@registry.builtin("keras.programs")
class FormulaLayer(Layer):
    """A formula of the last axis of its input.

    **Shape:** (..., variables) -> (..., 1).

    Args:
        tokens: the expression in postfix order.

    Raises ``ValueError`` for tokens that are no expression.

    >>> import keraunos as keras
    >>> layer = keras.programs.FormulaLayer((2.0, 0, "mul", 1, "add"))      # 2 x0 + x1
    >>> float(layer(keras.ops.array([[3.0, 1.0]]))[0, 0]), len(layer.trainable_variables)
    (7.0, 1)
    """

    _row_wise = True

    def __init__(self, tokens, **kwargs):
        super().__init__(**kwargs)
        self.tokens = tuple(tokens)
        unknown = [t for t in self.tokens if type(t) is str and t not in APPLIED]
        if unknown or not is_valid(self.tokens):
            raise ValueError(
                f"FormulaLayer: tokens must be one expression in postfix order, got {list(self.tokens)!r}."
            )

    def build(self, input_shape):
        last = max((t for t in self.tokens if type(t) is int), default=-1)
        if input_shape[-1] is not None and last >= input_shape[-1]:
            raise ValueError(
                f"FormulaLayer {self.name!r}: expected inputs with a last dimension of at least {last + 1}, got shape {input_shape}."
            )
        self.constants = [
            self.add_weight(shape=(), initializer=initializers.Constant(float(value)), name=f"constant_{k}")
            for k, value in enumerate(constants(self.tokens))
        ]

    def call(self, inputs):
        return apply(self.tokens, inputs, self.constants)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1)
