"""Logarithm, error function and its inverse with every rounding fixed, so that random numbers don't depend on the machine.

NumPy's ``log`` and ``log1p`` differ in the last bit from one processor to the next. Here everything is built from
additions, multiplications, divisions and square roots, which IEEE 754 defines exactly. In float32 the polynomials and
the places where a product and a sum are rounded together are those of XLA on the CPU: the results are equal, bit for
bit, to a JAX program's on a processor with fused multiply-add.
"""

import math

import numpy as np

_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_TINY = np.finfo(np.float32).tiny
_SQRT_HALF = float(np.float32(math.sqrt(0.5)))


def _single(*values):
    """Constants as float32 would hold them, in float64."""
    return tuple(np.asarray(values, np.float32).astype(np.float64).tolist())


# Logarithm of a float32, S. Moshier's Cephes library: log(1 + t) = t - t²/2 + t³·P(t), P of degree 8 as three quadratics.
_LOG = (
    _single(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1),
    _single(-1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1),
    _single(2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
)
_LN2_HI, _LN2_LO = _single(0.693359375, -2.12194440e-4)  # the first has few bits: times an exponent it is exact

# log(1 + x) for |x| < √2 - 1, Cephes: x - x²/2 + x³·N(x)/D(x).
_LOG1P_RANGE = _single(math.sqrt(2.0) - 1.0)[0]
_LOG1P_N = _single(
    4.5270000862445199635215e-5, 4.9854102823193375972212e-1, 6.5787325942061044846969, 2.9911919328553073277375e1,
    6.0949667980987787057556e1, 5.7112963590585538103336e1, 2.0039553499201281259648e1,
)  # fmt: skip
_LOG1P_D = _single(
    1.0, 1.5062909083469192043167e1, 8.3047565967967209469434e1, 2.2176239823732856465394e2,
    3.0909872225312059774938e2, 2.1642788614495947685003e2, 6.0118660497603843919306e1,
)  # fmt: skip

# erf(x) = x·N(x²)/D(x²), and ±1 from _ERF_ONE on.
_ERF_ONE = 3.743921279907227
_ERF_N = _single(2.2905065e-4, 3.4082910e-3, 5.0955694e-2, 1.85208321e-1, 1.128379107)
_ERF_D = _single(-1.17916031e-7, 2.35479656e-5, 1.01796258e-3, 1.40704699e-2, 1.10985048e-1, 4.97469246e-1, 1.0)

# M. Giles, "Approximating the erfinv function" (2010): x·P(w), w = -log(1 - x²), with w or √w shifted to the middle.
_GILES32 = (
    (2.5, _single(2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
                  -0.00417768164, 0.246640727, 1.50140941)),
    (3.0, _single(-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
                  0.00943887047, 1.00167406, 2.83297682)),
)  # fmt: skip
_GILES64 = (
    (6.25, 3.125, (
        -3.6444120640178196996e-21, -1.685059138182016589e-19, 1.2858480715256400167e-18, 1.115787767802518096e-17,
        -1.333171662854620906e-16, 2.0972767875968561637e-17, 6.6376381343583238325e-15, -4.0545662729752068639e-14,
        -8.1519341976054721522e-14, 2.6335093153082322977e-12, -1.2975133253453532498e-11, -5.4154120542946279317e-11,
        1.051212273321532285e-09, -4.1126339803469836976e-09, -2.9070369957882005086e-08, 4.2347877827932403518e-07,
        -1.3654692000834678645e-06, -1.3882523362786468719e-05, 0.0001867342080340571352, -0.00074070253416626697512,
        -0.0060336708714301490533, 0.24015818242558961693, 1.6536545626831027356)),
    (16.0, 3.25, (
        2.2137376921775787049e-09, 9.0756561938885390979e-08, -2.7517406297064545428e-07, 1.8239629214389227755e-08,
        1.5027403968909827627e-06, -4.013867526981545969e-06, 2.9234449089955446044e-06, 1.2475304481671778723e-05,
        -4.7318229009055733981e-05, 6.8284851459573175448e-05, 2.4031110387097893999e-05, -0.0003550375203628474796,
        0.00095328937973738049703, -0.0016882755560235047313, 0.0024914420961078508066, -0.0037512085075692412107,
        0.005370914553590063617, 1.0052589676941592334, 3.0838856104922207635)),
    (math.inf, 5.0, (
        -2.7109920616438573243e-11, -2.5556418169965252055e-10, 1.5076572693500548083e-09, -3.7894654401267369937e-09,
        7.6157012080783393804e-09, -1.4960026627149240478e-08, 2.9147953450901080826e-08, -6.7711997758452339498e-08,
        2.2900482228026654717e-07, -9.9298272942317002539e-07, 4.5260625972231537039e-06, -1.9681778105531670567e-05,
        7.5995277030017761139e-05, -0.00021503011930044477347, -0.00013871931833623122026, 1.0103004648645343977,
        4.8499064014085844221)),
)  # fmt: skip


def fma(x, y, z):
    """x·y + z rounded once, for arrays of float32 or float64 (the type of x)."""
    if x.dtype == _F32:
        return _add_to_odd(x.astype(_F64) * np.asarray(y, _F64), np.asarray(z, _F64)).astype(_F32)
    product, rest = _product(x, y)
    high, low = _sum(z, rest)
    head, tail = _sum(product, high)
    return head + _add_to_odd(low, tail)


def log(x):
    """Natural logarithm of positive float32 or float64 numbers; -inf at 0."""
    if x.dtype != _F32:
        return np.log(x)
    bits = np.maximum(x, _TINY).view(np.uint32)
    exponent = (bits >> 23).astype(np.int32)
    exponent -= 126
    mantissa = bits & np.uint32(0x007FFFFF)
    mantissa |= np.uint32(0x3F000000)
    t = mantissa.view(_F32).astype(_F64)  # x = t·2^exponent, t in [1/2, 1)
    small = t < _SQRT_HALF
    exponent -= small
    np.add(t, t, out=t, where=small)
    t -= 1.0  # in [√½ - 1, √2 - 1)

    squared = _round(t * t)
    cubed = _round(squared * t)
    high, middle, low = (_horner(t, c) for c in _LOG)
    high *= cubed
    high += middle
    _round(high)
    high *= cubed
    high += low
    _round(high)
    high *= cubed
    high += _round(exponent * _LN2_LO)
    _round(high)
    squared *= -0.5
    squared += t
    high += _round(squared)
    _round(high)
    high += exponent * _LN2_HI
    out = high.astype(_F32)
    edge = ~(x > 0) | (x == np.inf)
    if edge.any():
        out[edge] = np.where(x[edge] == 0, -np.float32(np.inf), np.where(x[edge] > 0, x[edge], np.float32(np.nan)))
    return out


def log1p(x):
    """log(1 + x) of finite float32 or float64 numbers in [-1, inf)."""
    if x.dtype != _F32:
        return np.log1p(x)
    small = np.abs(x) < np.float32(_LOG1P_RANGE)
    near, far = np.flatnonzero(small), np.flatnonzero(~small)  # taking by indices is faster than by a mask
    flat = x.reshape(-1)
    out = np.empty_like(flat)
    out[near] = _log1p_rational(flat[near])
    out[far] = log(flat[far] + np.float32(1))
    return out.reshape(x.shape)


def _log1p_rational(x):
    """x - x²/2 + x³·N(x)/D(x) in float32."""
    x = x.astype(_F64)
    ratio = _horner(x, _LOG1P_N)
    ratio /= _horner(x, _LOG1P_D)
    _round(ratio)
    squared = _round(x * x)
    ratio *= _round(x * squared)
    _round(ratio)
    squared *= -0.5
    ratio += squared
    _round(ratio)
    ratio += x
    return ratio.astype(_F32)


def erf(x):
    """Error function of one number, a NumPy float32 or float64 scalar."""
    if x.dtype != _F32:
        return x.dtype.type(math.erf(x))
    if abs(x) >= _ERF_ONE:
        return np.copysign(np.float32(1), x)
    squared = np.atleast_1d(x * x).astype(_F64)
    return x * np.float32(_horner(squared, _ERF_N)[0]) / np.float32(_horner(squared, _ERF_D)[0])


def erf_inv(x):
    """Inverse of the error function in [-1, 1], for arrays of float32 or float64; ±inf at ±1."""
    w = -log1p(-(x * x))
    out = _erf_inv32(x, w) if x.dtype == _F32 else _erf_inv64(x, w)
    edge = np.isinf(w)
    if edge.any():
        out[edge] = np.copysign(np.inf, x[edge])
    return out


def _erf_inv32(x, w):
    """Giles's polynomials in single precision: one for nearly all, another for the tail (0.3 %)."""
    (shift, centre), (tail_shift, tail) = _GILES32
    p = _horner((w - np.float32(shift)).astype(_F64), centre)
    far = np.flatnonzero(w >= 5.0)
    if far.size:
        p[far] = _horner((np.sqrt(w[far]) - np.float32(tail_shift)).astype(_F64), tail)
    return p.astype(_F32) * x


def _erf_inv64(x, w):
    """Giles's polynomials in double precision, by the size of w."""
    p, below = np.empty_like(w), -math.inf
    for limit, shift, coefficients in _GILES64:
        part = (w >= below) & (w < limit)
        t = (w[part] if below < 0 else np.sqrt(w[part])) - shift
        acc = np.full_like(t, coefficients[0])
        for c in coefficients[1:]:
            acc *= t
            acc += c
        p[part], below = acc, limit
    p[np.isinf(w)] = np.inf
    return p * x


def _round(x):
    """Round a float64 array to float32 in place."""
    x[...] = x.astype(_F32)
    return x


def _horner(x, coefficients):
    """Polynomial in x, highest power first; each multiply-add is rounded to float32, x and the result are held in float64.

    A float64 sum of an exact product and a float32 may itself be rounded, which moves a result in about 1 of 2^29 steps.
    """
    acc = coefficients[0] * x
    acc += coefficients[1]
    single = acc.astype(_F32)
    for c in coefficients[2:]:
        acc[...] = single
        acc *= x
        acc += c
        single[...] = acc
    acc[...] = single
    return acc


def _sum(a, b):
    """a + b and its rounding error (Knuth's two-sum)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def _product(a, b):
    """a·b in float64 and its rounding error (Dekker's product on Veltkamp's halves)."""
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    p = a * b
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


def _halves(a):
    """A float64 as a sum of two numbers of at most 26 bits."""
    c = 134217729.0 * a  # 2^27 + 1
    high = c - (c - a)
    return high, a - high


def _add_to_odd(a, b):
    """a + b in float64 rounded to odd: rounding it again to fewer bits is then right (Boldo and Melquiond, 2008)."""
    s, error = _sum(a, b)
    even = (s.view(np.int64) & 1) == 0
    return np.where((error != 0) & even, np.nextafter(s, np.copysign(np.inf, error)), s)
