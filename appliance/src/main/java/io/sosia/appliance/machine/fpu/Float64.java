package io.sosia.appliance.machine.fpu;

import static io.sosia.appliance.machine.fpu.FpRounding.RNE;
import static java.lang.Double.doubleToRawLongBits;
import static java.lang.Double.longBitsToDouble;

/// Double precision, the D extension (Unprivileged ISA, 21): operations on the patterns of 64-bit registers.
///
/// `rm` is one of the modes of [FpRounding]. Where a result is a NaN it is [#CANONICAL_NAN], except for sign injection;
/// flags accrue in `flags`. Which operands take which way is told in the package documentation.
public final class Float64 {
    /// What every operation gives that has no number to give.
    public static final long CANONICAL_NAN = 0x7ff8_0000_0000_0000L;

    private static final SoftArithmetic SOFT = SoftArithmetic.BINARY64;
    private static final BinaryFormat FORMAT = BinaryFormat.BINARY64;

    private static final long SIGN = Long.MIN_VALUE;
    private static final long EXPONENT = 0x7ff0_0000_0000_0000L;
    /// Lowest bit of the exponent field; also the leading digit of a normal significand.
    private static final long UNIT = 0x0010_0000_0000_0000L;
    /// Bound of the results that are settled: see [#settlesProduct].
    private static final long SETTLED = EXPONENT - 2 * UNIT;
    private static final int FRACTION_BITS = 52;
    private static final int BIAS = 1023;

    private Float64() {
    }

    /// fadd.d: a + b.
    public static long add(long a, long b, int rm, FpFlags flags) {
        if (rm == RNE) {
            double x = longBitsToDouble(a);
            double y = longBitsToDouble(b);
            double sum = x + y;
            long bits = doubleToRawLongBits(sum);
            long exponent = bits & EXPONENT;
            // A sum in the subnormal range is exact. Only overflow raises more than NX.
            if (flags.inexactAccrued()) {
                if (settlesSum(bits, SETTLED)) {
                    return bits;
                }
            } else if (exponent < SETTLED) {
                // TwoSum (Knuth): the rounding error of the sum, exact since nothing overflows.
                double other = sum - x;
                if ((x - (sum - other)) + (y - other) != 0) {
                    flags.raise(FpFlags.NX);
                }
                return bits;
            }
        }
        return SOFT.add(a, b, rm, flags);
    }

    /// fsub.d: a - b.
    public static long sub(long a, long b, int rm, FpFlags flags) {
        return add(a, b ^ SIGN, rm, flags);
    }

    /// fmul.d: a * b.
    public static long mul(long a, long b, int rm, FpFlags flags) {
        if (rm == RNE) {
            double product = longBitsToDouble(a) * longBitsToDouble(b);
            long bits = doubleToRawLongBits(product);
            if (settlesProduct(bits, SETTLED)) {
                if (flags.inexactAccrued()) {
                    return bits;
                }
                if (isNormal(a) && isNormal(b)) {
                    if (!isExactProduct(a, b, bits)) {
                        flags.raise(FpFlags.NX);
                    }
                    return bits;
                }
            } else if ((bits & ~SIGN) == 0 && ((a & ~SIGN) == 0 || (b & ~SIGN) == 0)) {
                return bits;
            }
        }
        return SOFT.mul(a, b, rm, flags);
    }

    /// fdiv.d: a / b.
    public static long div(long a, long b, int rm, FpFlags flags) {
        if (rm == RNE) {
            double x = longBitsToDouble(a);
            double y = longBitsToDouble(b);
            double quotient = x / y;
            long bits = doubleToRawLongBits(quotient);
            if (settlesProduct(bits, SETTLED)) {
                if (flags.inexactAccrued()) {
                    return bits;
                }
                if (isNormal(a) && isNormal(b)) {
                    // Exact when quotient * divisor is the dividend, without a rounding of its own.
                    if (quotient * y != x || !isExactProduct(bits, b, a)) {
                        flags.raise(FpFlags.NX);
                    }
                    return bits;
                }
            } else if ((bits & ~SIGN) == 0 && x == 0) {
                return bits;
            }
        }
        return SOFT.div(a, b, rm, flags);
    }

    /// fsqrt.d: the square root of a.
    public static long sqrt(long a, int rm, FpFlags flags) {
        if (rm == RNE && a >= UNIT && a < EXPONENT) {
            double x = longBitsToDouble(a);
            double root = Math.sqrt(x);
            long bits = doubleToRawLongBits(root);
            if (!flags.inexactAccrued() && (root * root != x || !isExactProduct(bits, bits, a))) {
                flags.raise(FpFlags.NX);
            }
            return bits;
        }
        return SOFT.sqrt(a, rm, flags);
    }

    /// fmadd.d: a * b + c, rounded once.
    public static long fmadd(long a, long b, long c, int rm, FpFlags flags) {
        if (rm == RNE && flags.inexactAccrued()) {
            long bits = doubleToRawLongBits(Math.fma(longBitsToDouble(a), longBitsToDouble(b), longBitsToDouble(c)));
            if (settlesProduct(bits, SETTLED)) {
                return bits;
            }
        }
        return SOFT.fma(a, b, c, rm, flags);
    }

    /// fmsub.d: a * b - c, rounded once.
    public static long fmsub(long a, long b, long c, int rm, FpFlags flags) {
        return fmadd(a, b, c ^ SIGN, rm, flags);
    }

    /// fnmsub.d: -(a * b) + c, rounded once.
    public static long fnmsub(long a, long b, long c, int rm, FpFlags flags) {
        return fmadd(a ^ SIGN, b, c, rm, flags);
    }

    /// fnmadd.d: -(a * b) - c, rounded once.
    public static long fnmadd(long a, long b, long c, int rm, FpFlags flags) {
        return fmadd(a ^ SIGN, b, c ^ SIGN, rm, flags);
    }

    /// fmin.d: the smaller number; -0 is below +0, a lone NaN gives way, a signaling one raises NV.
    public static long min(long a, long b, FpFlags flags) {
        return FORMAT.select(false, a, b, flags);
    }

    /// fmax.d: the greater number, otherwise as [#min].
    public static long max(long a, long b, FpFlags flags) {
        return FORMAT.select(true, a, b, flags);
    }

    /// fsgnj.d: a with the sign of b.
    public static long signInject(long a, long b) {
        return (a & ~SIGN) | (b & SIGN);
    }

    /// fsgnjn.d: a with the opposite of the sign of b.
    public static long signInjectNegated(long a, long b) {
        return (a & ~SIGN) | (~b & SIGN);
    }

    /// fsgnjx.d: a with its sign inverted when b is negative.
    public static long signInjectXor(long a, long b) {
        return a ^ (b & SIGN);
    }

    /// feq.d: a == b; false with a NaN, of which only a signaling one raises NV.
    public static boolean eq(long a, long b, FpFlags flags) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        if ((x != x || y != y) && (FORMAT.isSignalingNaN(a) || FORMAT.isSignalingNaN(b))) {
            flags.raise(FpFlags.NV);
        }
        return x == y;
    }

    /// flt.d: a < b; false with a NaN, which raises NV.
    public static boolean lt(long a, long b, FpFlags flags) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        if (x != x || y != y) {
            flags.raise(FpFlags.NV);
        }
        return x < y;
    }

    /// fle.d: a <= b; false with a NaN, which raises NV.
    public static boolean le(long a, long b, FpFlags flags) {
        double x = longBitsToDouble(a);
        double y = longBitsToDouble(b);
        if (x != x || y != y) {
            flags.raise(FpFlags.NV);
        }
        return x <= y;
    }

    /// fclass.d: a mask of one bit, 0 to 9, from negative infinity up to quiet NaN.
    public static int classify(long a) {
        return FORMAT.classify(a);
    }

    /// fcvt.w.d: to a signed 32-bit integer. The register receives it sign-extended.
    public static int toInt32(long a, int rm, FpFlags flags) {
        return IntegerConversion.toInt32(longBitsToDouble(a), rm, flags);
    }

    /// fcvt.wu.d: to an unsigned 32-bit integer. The register receives it *sign*-extended.
    public static int toUInt32(long a, int rm, FpFlags flags) {
        return IntegerConversion.toUInt32(longBitsToDouble(a), rm, flags);
    }

    /// fcvt.l.d: to a signed 64-bit integer.
    public static long toInt64(long a, int rm, FpFlags flags) {
        return IntegerConversion.toInt64(longBitsToDouble(a), rm, flags);
    }

    /// fcvt.lu.d: to an unsigned 64-bit integer.
    public static long toUInt64(long a, int rm, FpFlags flags) {
        return IntegerConversion.toUInt64(longBitsToDouble(a), rm, flags);
    }

    /// fcvt.d.w: from a signed 32-bit integer; always exact.
    public static long fromInt32(int value) {
        return doubleToRawLongBits(value);
    }

    /// fcvt.d.wu: from an unsigned 32-bit integer; always exact.
    public static long fromUInt32(int value) {
        return doubleToRawLongBits(Integer.toUnsignedLong(value));
    }

    /// fcvt.d.l: from a signed 64-bit integer.
    public static long fromInt64(long value, int rm, FpFlags flags) {
        if (isExact(value)) {
            return doubleToRawLongBits(value);
        }
        return SOFT.fromInteger(value < 0, Math.abs(value), rm, flags);
    }

    /// fcvt.d.lu: from an unsigned 64-bit integer.
    public static long fromUInt64(long value, int rm, FpFlags flags) {
        if (value >= 0 && isExact(value)) {
            return doubleToRawLongBits(value);
        }
        return SOFT.fromInteger(false, value, rm, flags);
    }

    /// fcvt.d.s: from a single-precision number; exact, a signaling NaN raises NV.
    public static long fromFloat32(int a, FpFlags flags) {
        float value = Float.intBitsToFloat(a);
        return value == value
                ? doubleToRawLongBits(value)
                : SOFT.convert(BinaryFormat.BINARY32, Integer.toUnsignedLong(a), RNE, flags);
    }

    /// Whether binary64 holds every integer as near to zero as `value`: up to 2^53.
    static boolean isExact(long value) {
        return value >= -(1L << 53) && value <= 1L << 53;
    }

    /// The bound below which results are settled where to round is to nearest and inexact has accrued; else 0, and none is.
    public static long bound(int rm, FpFlags flags) {
        return rm == RNE && flags.inexactAccrued() ? SETTLED : 0;
    }

    /// Whether this result of an addition or subtraction, rounded to nearest, is below the bound, and so can have raised nothing but NX.
    public static boolean settlesSum(long bits, long bound) {
        // A sum in the subnormal range is exact.
        return (bits & EXPONENT) < bound;
    }

    /// Likewise a result of a multiplication, division, square root or fused operation.
    public static boolean settlesProduct(long bits, long bound) {
        // At least twice the smallest normal number: so far up no rounded result is tiny.
        return Long.compareUnsigned((bits & EXPONENT) - 2 * UNIT, bound) < 0;
    }

    private static boolean isNormal(long bits) {
        long exponent = bits & EXPONENT;
        return exponent != 0 && exponent != EXPONENT;
    }

    /// Whether `product` is a * b and not merely a * b rounded to nearest; all three normal. The full product has 105
    /// or 106 digits and fits in 53 when the digits below are zeros, and trailing zeros add up in a multiplication.
    private static boolean isExactProduct(long a, long b, long product) {
        int carried = exponentField(product) - exponentField(a) - exponentField(b) + BIAS;
        return trailingZeros(a) + trailingZeros(b) >= FRACTION_BITS + carried;
    }

    private static int exponentField(long bits) {
        return (int) ((bits & EXPONENT) >>> FRACTION_BITS);
    }

    private static int trailingZeros(long bits) {
        return Long.numberOfTrailingZeros(bits | UNIT);
    }
}
