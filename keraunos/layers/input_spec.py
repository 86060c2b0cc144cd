"""What a layer accepts, and the error for what it doesn't."""

from keraunos.backend.dtypes import standardize_dtype
from keraunos.util import registry, tree


@registry.builtin("keras.layers")
class InputSpec:
    """Constraints on one input of a layer.

    Args:
        dtype: required dtype.
        shape: required shape, ``None`` where free.
        ndim, max_ndim, min_ndim: required, largest, smallest number of dimensions.
        axes: dict from axis to required size.
        allow_last_axis_squeeze: a last axis of size 1 may be missing or surplus.
        name: key of the input when inputs come as a dict.
        optional: whether ``None`` may come.

    >>> import keraunos as keras
    >>> keras.InputSpec(ndim=2, axes={-1: 3})
    InputSpec(ndim=2, axes={-1: 3})
    """

    def __init__(
        self,
        dtype=None,
        shape=None,
        ndim=None,
        max_ndim=None,
        min_ndim=None,
        axes=None,
        allow_last_axis_squeeze=False,
        name=None,
        optional=False,
    ):
        self.dtype = standardize_dtype(dtype) if dtype is not None else None
        self.shape = tuple(shape) if shape is not None else None
        self.ndim = len(self.shape) if shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {int(k): v for k, v in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional

    def __repr__(self):
        fields = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        shown = [f"{f}={getattr(self, f)}" for f in fields if getattr(self, f) not in (None, {})]
        return f"InputSpec({', '.join(shown)})"

    def get_config(self):
        """Arguments that make an equal spec."""
        return {k: getattr(self, k) for k in ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")}

    @classmethod
    def from_config(cls, config):
        """A spec from ``get_config()``'s dict."""
        return cls(**config)


def check_inputs(layer, input_spec, inputs):
    """Raise a ValueError that names the layer, what it expects and what came, if inputs don't fit."""
    specs = tree.flatten(input_spec)
    if isinstance(inputs, dict) and all(s.name is not None for s in specs):
        missing = [s.name for s in specs if s.name not in inputs and not s.optional]
        if missing:
            raise ValueError(f"{who(layer)}: missing inputs {missing}; got the keys {sorted(inputs)}.")
        values = [inputs.get(s.name) for s in specs]
    else:
        values = tree.flatten(inputs)
    if len(values) != len(specs):
        raise ValueError(f"{who(layer)}: expected {len(specs)} input(s), got {len(values)}.")
    for i, (value, spec) in enumerate(zip(values, specs, strict=True)):
        if value is None and spec.optional:
            continue
        _check_one(layer, spec, value, f" number {i}" if len(specs) > 1 else "")


def who(layer):
    """``Dense 'logits'``."""
    return f"{getattr(layer, '_shown_as', type(layer).__name__)} {layer.name!r}"


def _check_one(layer, spec, value, which):
    shape = getattr(value, "shape", None)
    if shape is None:
        raise ValueError(f"{who(layer)}: input{which} must be an array, got {type(value).__name__}.")
    shape = tuple(shape)
    wanted = _complaint(spec, shape, value)
    if wanted:
        raise ValueError(f"{who(layer)}: expected input{which} {wanted}, got shape {shape}.")


def _complaint(spec, shape, value):
    n = len(shape)
    if spec.ndim is not None and n != spec.ndim:
        if spec.allow_last_axis_squeeze and _squeezable(spec, shape):
            return None
        return f"with {spec.ndim} dimensions" + (f" (shape {spec.shape})" if spec.shape else "")
    if spec.max_ndim is not None and n > spec.max_ndim:
        return f"with at most {spec.max_ndim} dimensions"
    if spec.min_ndim is not None and n < spec.min_ndim:
        return f"with at least {spec.min_ndim} dimensions"
    if spec.dtype is not None and standardize_dtype(value.dtype) != spec.dtype:
        return f"of dtype {spec.dtype} (it is {standardize_dtype(value.dtype)})"
    for axis, size in spec.axes.items():
        if size is not None and shape[axis] not in (size, None):
            place = "last dimension" if axis in (-1, n - 1) else f"dimension {axis}"
            return f"with {place} {size} (set when the layer was built)"
    if spec.shape is not None and n == len(spec.shape):
        for want, got in zip(spec.shape, shape, strict=True):
            if want is not None and got is not None and want != got:
                return f"of shape {spec.shape}"
    return None


def _squeezable(spec, shape):
    if spec.shape is None:
        return False
    if len(shape) == len(spec.shape) + 1:
        return shape[-1] == 1
    return len(shape) == len(spec.shape) - 1 and spec.shape[-1] == 1
