"""exp, log, tanh ... of float32 vectors, from polynomials; errors of a few units in the last place.

Each function brings its argument into a short interval, where a polynomial is exact enough, and puts the result
together again. Written against the Kit, whose operators emit instructions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ... import dtypes
from .value import Instructions, Value

_HALF_PI = (1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21)  # two of 33 bits, a rest
_AVX512_LANES = 16  # no other processor's vectors hold as many float32 numbers
_LN2_HIGH, _LN2_LOW = 0.693359375, -2.12194440e-4  # ln 2 in two parts, the first with few bits (Cody and Waite, 1980)


def _polynomial(kit: Instructions, x: Value, *coefficients: float) -> Value:
    """Horner's rule, the highest power first."""
    total = kit.constant(coefficients[0], x.dtype)
    for c in coefficients[1:]:
        total = kit.fma(total, x, c)
    return total


def _nearest(kit: Instructions, x: Value, factor: float) -> Value:
    """The integer nearest to x factor, of numbers far below 2^23 (in float64, 2^52): there no fraction has room."""
    big = 1.5 * 2.0 ** (23 if x.dtype == dtypes.float32 else 52)
    return kit.fma(x, factor, big) - big


def _power_of_two(kit: Instructions, n: Value) -> Value:
    """2^n for whole n, by writing n into the exponent."""
    bits = (kit.cast(n, dtypes.int32) + 127) << 23
    return kit.bitcast(bits, dtypes.float32)


def _scaled(kit: Instructions, x: Value, n: Value) -> Value:
    """x 2^n for whole n, where neither n nor the result need be a normal exponent."""
    if kit.lanes == _AVX512_LANES:
        arguments = [f"{v.type} {v.ref}" for v in (x, n, x)]  # the last where the mask, all ones, has none
        name = f"llvm.x86.avx512.mask.scalef.ps.{32 * _AVX512_LANES}"
        return Value(kit, x.dtype, kit.code.call(x.type, name, *arguments, "i16 -1", "i32 4"))
    half = _nearest(kit, n, 0.5)  # in two factors, so that neither the largest nor the smallest results overflow
    return x * _power_of_two(kit, half) * _power_of_two(kit, n - half)


def exp(kit: Instructions, x: Value) -> Value:
    """e^x = 2^n e^r with n = round(x / ln 2) and |r| <= ln 2 / 2.

    The polynomial e^r is that of the least relative error, 0.05 units of the last place, that begins with 1 + r. Below
    -104, as of what a mask leaves out, it is 0 before it is scaled: a result that underflows takes some processors a
    hundred times as long.
    """
    bounded = kit.minimum(kit.maximum(x, -104.0), 89.0)
    n = _nearest(kit, bounded, 1 / math.log(2))
    r = kit.fma(n, -_LN2_LOW, kit.fma(n, -_LN2_HIGH, bounded))
    e = _polynomial(kit, r, 1.38189469e-3, 8.3687053993e-3, 4.1668288410e-2, 1.6666521132e-1, 0.4999999404, 1.0, 1.0)
    return _scaled(kit, kit.where(x < -104.0, 0.0, e), n)


def log(kit: Instructions, x: Value) -> Value:
    """log(2^n m) = n ln 2 + log m with m between sqrt(1/2) and sqrt(2)."""
    tiny = x < 1.1754944e-38
    scaled = kit.where(tiny, x * 2.0**25, x)
    bits = kit.bitcast(scaled, dtypes.int32)
    exponent = ((bits - 0x3F3504F3) >> 23)
    m = kit.bitcast(bits - (exponent << 23), dtypes.float32) - 1.0
    n = kit.cast(exponent, dtypes.float32) - kit.where(tiny, kit.constant(25.0, dtypes.float32), 0.0)
    p = _polynomial(
        kit, m, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    )  # fmt: skip
    square = m * m
    y = kit.fma(n, _LN2_LOW, p * m * square)
    value = kit.fma(n, _LN2_HIGH, m + kit.fma(square, -0.5, y))
    value = kit.where(x > 3.4028234e38, x, value)  # infinity
    value = kit.where(kit.equal(x, 0.0), -math.inf, value)
    return kit.where(kit.bitwise_or(x < 0.0, kit.isnan(x)), math.nan, value)


def expm1(kit: Instructions, x: Value) -> Value:
    """e^x - 1 = 2 (2^(n - 1) (e^r - 1) + (2^(n - 1) - 1/2)): for small x, n is 0 and e^r - 1 is all there is.

    Below -18 the result is -1; with n - 1 in place of n, 2^n does not overflow before the result does.
    """
    bounded = kit.minimum(kit.maximum(x, -18.0), 89.0)
    n = _nearest(kit, bounded, 1 / math.log(2))
    r = kit.fma(n, -_LN2_LOW, kit.fma(n, -_LN2_HIGH, bounded))
    p = _polynomial(kit, r, 1.38189469e-3, 8.3687053993e-3, 4.1668288410e-2, 1.6666521132e-1, 0.4999999404)
    half = _power_of_two(kit, n - 1.0)
    return kit.copysign(kit.fma(kit.fma(p * r, r, r), half, half - 0.5) * 2.0, x)


def expm1_exact(kit: Instructions, x: Value) -> Value:
    """The same in float64: (u - 1) x / log(u) with u = e^x rounded, in which the rounding cancels (Kahan)."""
    u = kit.intrinsic("exp", x)
    less_one = u - 1.0
    value = less_one * (x / kit.intrinsic("log", u))
    value = kit.where(kit.bitwise_or(kit.equal(less_one, -1.0), u > 1e300), less_one, value)
    return kit.where(kit.equal(u, 1.0), x, value)


def log1p(kit: Instructions, x: Value) -> Value:
    """log(1 + x) = log(u) + (x - (u - 1)) / u with u = 1 + x rounded: what rounding lost is put back."""
    return _log1p(kit, x, log)


def log1p_exact(kit: Instructions, x: Value) -> Value:
    """The same in float64."""
    return _log1p(kit, x, lambda kit, u: kit.intrinsic("log", u))


def _log1p(kit: Instructions, x: Value, log: Callable[[Instructions, Value], Value]) -> Value:
    u = x + 1.0
    value = log(kit, u) + (x - (u - 1.0)) / kit.where(kit.equal(u, 0.0), 1.0, u)
    return kit.where(kit.bitwise_or(kit.equal(u, 1.0), kit.equal(u, math.inf)), x, value)


def tanh(kit: Instructions, x: Value) -> Value:
    """(1 - e^-2|x|) / (1 + e^-2|x|) with x's sign; for small x an odd polynomial, where that would cancel."""
    a = abs(x)
    e = exp(kit, a * -2.0)
    large = (1.0 - e) / (e + 1.0)
    z = x * x
    p = _polynomial(
        kit, z, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1
    )  # fmt: skip
    small = kit.fma(p * z, a, a)
    return kit.copysign(kit.where(a < 0.625, small, large), x)


def _quarter_turns(kit: Instructions, x: Value) -> tuple[Value, Value]:
    """x as n pi/2 + r: n (its last bits), and r in [-pi/4, pi/4], worked out in float64."""
    wide = kit.cast(x, dtypes.float64)
    n = _nearest(kit, wide, 2 / math.pi)
    r = wide
    for part in _HALF_PI:
        r = kit.fma(n, -part, r)
    return kit.bitcast(n + 1.5 * 2.0**52, dtypes.int64), kit.cast(r, dtypes.float32)


def _sine_after(kit: Instructions, x: Value, more_turns: int) -> Value:
    """sin(x + more_turns pi/2)."""
    n, r = _quarter_turns(kit, x)
    n = n + more_turns
    z = r * r
    sine = kit.fma(_polynomial(kit, z, -1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1) * z, r, r)
    cosine = _polynomial(kit, z, 2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2) * z * z
    cosine = cosine + kit.fma(z, -0.5, 1.0)
    value = kit.where(kit.equal(kit.bitwise_and(n, 1), 0), sine, cosine)
    value = kit.where(kit.equal(kit.bitwise_and(n, 2), 0), value, -value)
    value = kit.where(abs(x) < math.inf, value, math.nan)
    return _beyond(kit, abs(x) > 1e6, value, lambda: _in_float64(kit, "sin" if more_turns == 0 else "cos", x))


def _in_float64(kit: Instructions, name: str, x: Value) -> Value:
    return kit.cast(kit.intrinsic(name, kit.cast(x, dtypes.float64)), dtypes.float32)


def _beyond(kit: Instructions, rare: Value, value: Value, otherwise: Callable[[], Value]) -> Value:
    """The value, but where the rare condition holds something else, which is worked out only if it does for any."""
    code, memory = kit.code, kit.code.variable(value.type)
    code.do(f"store {value.type} {value.ref}, ptr {memory}")
    some = rare.ref
    if kit.lanes:
        some = code.call("i1", f"llvm.vector.reduce.or.v{kit.lanes}i1", f"{rare.type} {rare.ref}")
    with code.when(some):
        chosen = kit.where(rare, otherwise(), value)
        code.do(f"store {chosen.type} {chosen.ref}, ptr {memory}")
    return Value(kit, value.dtype, code.op(f"load {value.type}, ptr {memory}"))


def sin(kit: Instructions, x: Value) -> Value:
    """sin(n pi/2 + r): a sine or a cosine of r, with a sign."""
    return kit.where(kit.equal(x, 0.0), x, _sine_after(kit, x, 0))


def cos(kit: Instructions, x: Value) -> Value:
    """cos(x) = sin(x + pi/2)."""
    return _sine_after(kit, x, 1)


def tanh_exact(kit: Instructions, x: Value) -> Value:
    """tanh in float64, from e^-2|x|, or from a continued fraction for small x."""
    a = abs(x)
    e = kit.intrinsic("exp", a * -2.0)
    large = (1.0 - e) / (e + 1.0)
    z = x * x
    fraction: Any = kit.constant(25.0, dtypes.float64)
    for odd in range(23, 0, -2):  # Lambert: tanh x = x / (1 + x^2 / (3 + x^2 / (5 + ...)))
        fraction = z / fraction + float(odd)
    return kit.copysign(kit.where(a < 0.625, a / fraction, large), x)


__all__ = ["cos", "exp", "expm1", "expm1_exact", "log", "log1p", "log1p_exact", "sin", "tanh", "tanh_exact"]
