"""The error function and its kin, and complex numbers from their parts."""

from keraunos.ops.op import op


@op(promote="float")
def erf(xp, x):
    """Error function, 2/√π times the integral of exp(-t²) from 0 to x.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> [round(v, 4) for v in ops.erf([0.0, 1.0]).tolist()]
    [0.0, 0.8427]
    """
    return xp.erf(x)


@op(promote="float")
def erfc(xp, x):
    """Complementary error function, 1 - erf(x), with all digits where that is small.

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> [round(v, 4) for v in ops.erfc([0.0, 1.0]).tolist()]
    [1.0, 0.1573]
    """
    return xp.erfc(x)


@op(promote="float")
def erfinv(xp, x):
    """The inverse of ``erf``; NaN outside [-1, 1].

    **Shape:** any, kept.

    >>> from keraunos import ops
    >>> [round(v, 4) for v in ops.erfinv([0.0, 0.8427]).tolist()]
    [0.0, 1.0]
    """
    return xp.erfinv(x)


def _single(xp, x):
    return xp.astype(x, "float32") if "float16" in str(x.dtype) else x


@op("abs_ angle", promote="float")
def polar(xp, abs_, angle):
    """The complex numbers of these absolute values and angles, abs * (cos(angle) + i sin(angle)).

    **Shape:** both equal or broadcasting.

    >>> from keraunos import ops
    >>> ops.polar([2.0], [0.0]).tolist()
    [(2+0j)]
    """
    abs_, angle = _single(xp, abs_), _single(xp, angle)
    return xp.make_complex(abs_ * xp.cos(angle), abs_ * xp.sin(angle))


@op(promote="float")
def view_as_complex(xp, x):
    """Pairs (real, imaginary) as complex numbers.

    **Shape:** ``(..., 2)`` to ``(...)``. Raises ValueError when the last dimension is not 2.

    >>> from keraunos import ops
    >>> ops.view_as_complex([[1.0, 2.0]]).tolist()
    [(1+2j)]
    """
    if not x.ndim or x.shape[-1] != 2:
        raise ValueError(
            f"view_as_complex: the last dimension of x must be 2 (real, imaginary), got shape {tuple(x.shape)}."
        )
    x = _single(xp, x)
    return xp.make_complex(x[..., 0], x[..., 1])


@op(promote=None)
def view_as_real(xp, x):
    """Complex numbers as pairs (real, imaginary).

    **Shape:** ``(...)`` to ``(..., 2)``.

    >>> from keraunos import ops
    >>> ops.view_as_real(ops.view_as_complex([[1.0, 2.0]])).tolist()
    [[1.0, 2.0]]
    """
    imag = xp.imag(x) if "complex" in str(x.dtype) else xp.zeros_like(x)
    return xp.stack([xp.real(x), imag], axis=-1)
