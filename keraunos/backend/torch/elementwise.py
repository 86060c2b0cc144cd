"""Functions of one element, or of two: PyTorch's own, with kernels for all dtypes."""

import torch

from keraunos.backend.torch.creation import NUMBERS
from keraunos.backend.torch.dtypes import to_dtype, widening

# PyTorch's function under the name that bodies use.
_RENAMED = {
    "negative": torch.neg,
    "equal": torch.eq,
    "not_equal": torch.ne,
    "less": torch.lt,
    "less_equal": torch.le,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "bitwise_invert": torch.bitwise_not,
    "erf": torch.special.erf,
    "erfc": torch.special.erfc,
    "erfinv": torch.special.erfinv,
    "conj": lambda x: torch.conj_physical(x) if x.is_complex() else x,
    "stop_gradient": torch.Tensor.detach,
    "copy": torch.clone,
    "make_complex": torch.complex,
}
_SAME = """
add subtract multiply divide abs square sqrt exp exp2 expm1 log log1p log2 log10
sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh sinc i0 deg2rad rad2deg floor ceil trunc
isfinite isinf isnan isreal signbit angle logaddexp logaddexp2 hypot gcd lcm fmin fmax maximum minimum nextafter
logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift
nan_to_num real
""".split()


def astype(x, dtype):
    """x converted; ``dtype`` may be a standard name."""
    if dtype.__class__ is not torch.dtype:
        dtype = to_dtype(dtype)
    if x.dtype is dtype:
        return x
    return x.real.to(dtype) if x.is_complex() and not dtype.is_complex and dtype is not torch.bool else x.to(dtype)


def bitcast(x, dtype):
    """The bits of x read as another dtype."""
    return x.contiguous().view(to_dtype(dtype))


def _as_tensors(fn):
    """``fn`` of two tensors, one of which may be a number."""

    def run(x1, x2):
        if not isinstance(x1, torch.Tensor):
            x1 = torch.as_tensor(x1, dtype=x2.dtype, device=x2.device)
        elif not isinstance(x2, torch.Tensor):
            x2 = torch.as_tensor(x2, dtype=x1.dtype, device=x1.device)
        return fn(x1, x2)

    return run


def where(condition, x1, x2):
    """x1 where the condition holds, else x2."""
    return torch.where(condition, x1, x2)


def sign(x):
    """-1, 0 or 1 (of a complex number x / |x|), and NaN for NaN, which torch.sign makes 0."""
    if x.is_complex():
        return torch.sgn(x)
    found = torch.sgn(x)  # of a complex number x / |x|
    return torch.where(torch.isnan(x), x, found) if x.is_floating_point() else found


def clip(x, low=None, high=None):
    """x moved into [low, high]; an open end is None."""
    if low is None and high is None:
        return x
    low, high = NUMBERS.get(id(low), low), NUMBERS.get(id(high), high)
    if isinstance(low, torch.Tensor) and high is not None and not isinstance(high, torch.Tensor):
        high = torch.as_tensor(high, dtype=low.dtype, device=low.device)
    elif isinstance(high, torch.Tensor) and low is not None and not isinstance(low, torch.Tensor):
        low = torch.as_tensor(low, dtype=high.dtype, device=high.device)
    return torch.clamp(x, low, high)


def pow(x1, x2):
    """x1 to the power x2; whole powers that come as numbers are products."""
    return torch.pow(x1, NUMBERS.get(id(x2), x2))


def round(x, decimals=0):
    """Halves go to the even neighbour."""
    if x.dtype.is_floating_point:
        return torch.round(x, decimals=decimals) if decimals else torch.round(x)
    if x.is_complex():
        return torch.complex(round(x.real, decimals), round(x.imag, decimals))
    return x if decimals >= 0 else torch.round(x.double(), decimals=decimals).to(x.dtype)


def cbrt(x):
    """The real cube root, computed in float64."""
    wide = x.double()
    return (torch.sign(wide) * torch.abs(wide) ** (1 / 3)).to(x.dtype)


def ldexp(x1, x2):
    """x1 · 2ˣ²."""
    return (x1 * torch.exp2(x2.to(x1.dtype))).to(x1.dtype)


def imag(x):
    """The imaginary part; 0 for real x."""
    return x.imag if x.is_complex() else torch.zeros_like(x)


def isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether |x1 - x2| ≤ atol + rtol·|x2|."""
    return torch.isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan)


def zeros_like(x, dtype=None):
    """Zeros in the shape of x."""
    return torch.zeros_like(x, dtype=None if dtype is None else to_dtype(dtype))


def ones_like(x, dtype=None):
    """Ones in the shape of x."""
    return torch.ones_like(x, dtype=None if dtype is None else to_dtype(dtype))


def full_like(x, fill_value, dtype=None):
    """One value in the shape of x."""
    return torch.full_like(x, fill_value, dtype=None if dtype is None else to_dtype(dtype))


def finfo(dtype):
    """Limits of a float dtype."""
    return torch.finfo(to_dtype(dtype))


_OWN = (astype, bitcast, round, cbrt, ldexp, imag, zeros_like, ones_like, full_like, finfo)


def _divides(name):
    """A division; of integers by 0 it is an error."""
    fn = widening(getattr(torch, name))

    def run(x1, x2):
        try:
            return fn(x1, x2)
        except RuntimeError as e:
            if "ZeroDivision" in str(e) or "ZeroDivision" in str(e.__cause__):
                raise ZeroDivisionError(f"{name}: an integer is divided by 0.") from e
            raise

    return run


_remainder = _divides("remainder")


def remainder(x1, x2):
    """x1 - x2·⌊x1 / x2⌋; a remainder of 0 has the sign of x2 too."""
    found = _remainder(x1, x2)
    return torch.copysign(found, x2) if found.is_floating_point() else found


FUNCTIONS = {name: widening(getattr(torch, name)) for name in _SAME}
FUNCTIONS |= {name: _divides(name) for name in ("floor_divide", "fmod")}
FUNCTIONS |= {name: widening(fn) for name, fn in _RENAMED.items()}
FUNCTIONS |= {name: _as_tensors(FUNCTIONS[name]) for name in ("maximum", "minimum")}
FUNCTIONS |= {fn.__name__: fn for fn in (*_OWN, remainder)}
FUNCTIONS |= {fn.__name__: widening(fn) for fn in (where, sign, clip, pow, isclose)}
