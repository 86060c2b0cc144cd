"""Python's operators on symbolic tensors and variables."""

from keraunos.backend.dtypes import standardize_dtype
from keraunos.ops import arithmetic, elementwise, indexing, logic, products, shapes
from keraunos.ops.symbolic import KerasTensor

_BINARY = {
    "add": arithmetic.add,
    "sub": arithmetic.subtract,
    "mul": arithmetic.multiply,
    "truediv": arithmetic.true_divide,
    "floordiv": arithmetic.floor_divide,
    "mod": arithmetic.mod,
    "pow": arithmetic.power,
    "matmul": products.matmul,
    "lshift": logic.bitwise_left_shift,
    "rshift": logic.bitwise_right_shift,
}
_BITS = {
    "and": (logic.bitwise_and, logic.logical_and),
    "or": (logic.bitwise_or, logic.logical_or),
    "xor": (logic.bitwise_xor, logic.logical_xor),
}
_COMPARE = {
    "lt": logic.less,
    "le": logic.less_equal,
    "gt": logic.greater,
    "ge": logic.greater_equal,
    "ne": logic.not_equal,
}
_UNARY = {"abs": arithmetic.absolute, "neg": arithmetic.negative}


def install_operators(cls, equality=True):
    """Give a class Python's operators (``+ - * / // % ** @ << >> & | ^ ~ == != < <= > >= [] abs round``) by ``keras.ops``.

    With ``equality=False`` ``==`` stays identity, so that symbolic tensors can be looked up in lists and dicts.
    """
    for name, fn in _BINARY.items():
        setattr(cls, f"__{name}__", lambda self, other, fn=fn: fn(self, other))
        setattr(cls, f"__r{name}__", lambda self, other, fn=fn: fn(other, self))
    for name, (bits, truth) in _BITS.items():
        setattr(cls, f"__{name}__", lambda self, other, b=bits, t=truth: (t if _is_bool(self) else b)(self, other))
        setattr(cls, f"__r{name}__", lambda self, other, b=bits, t=truth: (t if _is_bool(self) else b)(other, self))
    for name, fn in _COMPARE.items():
        setattr(cls, f"__{name}__", lambda self, other, fn=fn: fn(self, other))
    for name, fn in _UNARY.items():
        setattr(cls, f"__{name}__", lambda self, fn=fn: fn(self))
    cls.__invert__ = lambda self: (logic.logical_not if _is_bool(self) else logic.bitwise_invert)(self)
    cls.__pos__ = lambda self: self
    cls.__getitem__ = lambda self, key: indexing.get_item(self, key)
    cls.__round__ = lambda self, ndigits=None: elementwise.round(self, decimals=ndigits or 0)
    if equality:
        cls.__eq__ = lambda self, other: logic.equal(self, other)
        cls.__hash__ = object.__hash__  # an own __eq__ would take the hash away
    return cls


def _is_bool(x):
    return standardize_dtype(x.dtype) == "bool"


def _reshape(self, *newshape):
    """The tensor in another shape, see ``keras.ops.reshape``."""
    return shapes.reshape(self, newshape[0] if len(newshape) == 1 and hasattr(newshape[0], "__len__") else newshape)


def _squeeze(self, axis=None):
    """The tensor without dimensions of size 1, see ``keras.ops.squeeze``."""
    return shapes.squeeze(self, axis)


install_operators(KerasTensor, equality=False)
setattr(KerasTensor, "reshape", _reshape)  # noqa: B010
setattr(KerasTensor, "squeeze", _squeeze)  # noqa: B010
setattr(KerasTensor, "T", property(lambda self: shapes.transpose(self), doc="The tensor with its axes reversed."))  # noqa: B010
