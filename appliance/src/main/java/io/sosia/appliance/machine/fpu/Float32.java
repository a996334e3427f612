package io.sosia.appliance.machine.fpu;

import static io.sosia.appliance.machine.fpu.FpRounding.RNE;
import static java.lang.Float.floatToRawIntBits;
import static java.lang.Float.intBitsToFloat;
import static java.lang.Integer.toUnsignedLong;

/// Single precision, the F extension (Unprivileged ISA, 20): operations on 32-bit patterns.
///
/// Registers of a machine with D are 64 bits wide: [#unbox] reads a number out of one, [#box] makes what goes into one.
/// `rm` is one of the modes of [FpRounding]. Where a result is a NaN it is [#CANONICAL_NAN], except for sign injection;
/// flags accrue in `flags`. Which operands take which way is told in the package documentation.
public final class Float32 {
    /// What every operation gives that has no number to give.
    public static final int CANONICAL_NAN = 0x7fc0_0000;

    private static final SoftArithmetic SOFT = SoftArithmetic.BINARY32;
    private static final BinaryFormat FORMAT = BinaryFormat.BINARY32;

    private static final int SIGN = Integer.MIN_VALUE;
    private static final int EXPONENT = 0x7f80_0000;
    /// Lowest bit of the exponent field.
    private static final int UNIT = 0x0080_0000;
    /// The digits of a binary64 number beyond those of binary32, and their value on a midpoint of binary32.
    private static final long BEYOND = 0x1fff_ffffL;
    private static final long MIDPOINT = 0x1000_0000L;

    private Float32() {
    }

    /// The register that holds `a`: all ones above it (NaN boxing; Unprivileged ISA, 21.2).
    public static long box(int a) {
        return a | 0xffff_ffff_0000_0000L;
    }

    /// The number a register holds: the canonical NaN unless it is boxed properly.
    public static int unbox(long register) {
        return register >>> 32 == 0xffff_ffffL ? (int) register : CANONICAL_NAN;
    }

    /// fadd.s: a + b.
    public static int add(int a, int b, int rm, FpFlags flags) {
        if (rm == RNE) {
            double x = intBitsToFloat(a);
            double y = intBitsToFloat(b);
            double sum = x + y;
            // Rounding twice is harmless here: 53 digits are more than twice 24 and one.
            float result = (float) sum;
            int bits = floatToRawIntBits(result);
            if ((bits & EXPONENT) != EXPONENT) {
                if (!flags.inexactAccrued() && (result != sum || sumError(x, y, sum) != 0)) {
                    flags.raise(FpFlags.NX);
                }
                return bits;
            }
        }
        return (int) SOFT.add(toUnsignedLong(a), toUnsignedLong(b), rm, flags);
    }

    /// fsub.s: a - b.
    public static int sub(int a, int b, int rm, FpFlags flags) {
        return add(a, b ^ SIGN, rm, flags);
    }

    /// fmul.s: a * b.
    public static int mul(int a, int b, int rm, FpFlags flags) {
        if (rm == RNE) {
            double product = (double) intBitsToFloat(a) * intBitsToFloat(b); // exact
            float result = (float) product;
            int bits = floatToRawIntBits(result);
            if (isSafelyNormal(bits) || product == 0) {
                if (result != product) {
                    flags.raise(FpFlags.NX);
                }
                return bits;
            }
        }
        return (int) SOFT.mul(toUnsignedLong(a), toUnsignedLong(b), rm, flags);
    }

    /// fdiv.s: a / b.
    public static int div(int a, int b, int rm, FpFlags flags) {
        if (rm == RNE) {
            float x = intBitsToFloat(a);
            float y = intBitsToFloat(b);
            float quotient = x / y;
            int bits = floatToRawIntBits(quotient);
            if (isSafelyNormal(bits) || (quotient == 0 && x == 0)) {
                // A zero divided by infinity is exact, too, though its product with the divisor is no number.
                if (quotient != 0 && (double) quotient * y != x) {
                    flags.raise(FpFlags.NX);
                }
                return bits;
            }
        }
        return (int) SOFT.div(toUnsignedLong(a), toUnsignedLong(b), rm, flags);
    }

    /// fsqrt.s: the square root of a.
    public static int sqrt(int a, int rm, FpFlags flags) {
        if (rm == RNE && a >= UNIT && a < EXPONENT) {
            double x = intBitsToFloat(a);
            float root = (float) Math.sqrt(x);
            if ((double) root * root != x) {
                flags.raise(FpFlags.NX);
            }
            return floatToRawIntBits(root);
        }
        return (int) SOFT.sqrt(toUnsignedLong(a), rm, flags);
    }

    /// fmadd.s: a * b + c, rounded once.
    public static int fmadd(int a, int b, int c, int rm, FpFlags flags) {
        if (rm == RNE) {
            double product = (double) intBitsToFloat(a) * intBitsToFloat(b); // exact
            double addend = intBitsToFloat(c);
            double sum = product + addend;
            float result = (float) sum;
            int bits = floatToRawIntBits(result);
            // Rounding twice goes wrong only when the first lands on a midpoint of the second.
            if (isSafelyNormal(bits) && (Double.doubleToRawLongBits(sum) & BEYOND) != MIDPOINT) {
                if (!flags.inexactAccrued() && (result != sum || sumError(product, addend, sum) != 0)) {
                    flags.raise(FpFlags.NX);
                }
                return bits;
            }
        }
        return (int) SOFT.fma(toUnsignedLong(a), toUnsignedLong(b), toUnsignedLong(c), rm, flags);
    }

    /// fmsub.s: a * b - c, rounded once.
    public static int fmsub(int a, int b, int c, int rm, FpFlags flags) {
        return fmadd(a, b, c ^ SIGN, rm, flags);
    }

    /// fnmsub.s: -(a * b) + c, rounded once.
    public static int fnmsub(int a, int b, int c, int rm, FpFlags flags) {
        return fmadd(a ^ SIGN, b, c, rm, flags);
    }

    /// fnmadd.s: -(a * b) - c, rounded once.
    public static int fnmadd(int a, int b, int c, int rm, FpFlags flags) {
        return fmadd(a ^ SIGN, b, c ^ SIGN, rm, flags);
    }

    /// fmin.s: the smaller number; -0 is below +0, a lone NaN gives way, a signaling one raises NV.
    public static int min(int a, int b, FpFlags flags) {
        return (int) FORMAT.select(false, toUnsignedLong(a), toUnsignedLong(b), flags);
    }

    /// fmax.s: the greater number, otherwise as [#min].
    public static int max(int a, int b, FpFlags flags) {
        return (int) FORMAT.select(true, toUnsignedLong(a), toUnsignedLong(b), flags);
    }

    /// fsgnj.s: a with the sign of b.
    public static int signInject(int a, int b) {
        return (a & ~SIGN) | (b & SIGN);
    }

    /// fsgnjn.s: a with the opposite of the sign of b.
    public static int signInjectNegated(int a, int b) {
        return (a & ~SIGN) | (~b & SIGN);
    }

    /// fsgnjx.s: a with its sign inverted when b is negative.
    public static int signInjectXor(int a, int b) {
        return a ^ (b & SIGN);
    }

    /// feq.s: a == b; false with a NaN, of which only a signaling one raises NV.
    public static boolean eq(int a, int b, FpFlags flags) {
        float x = intBitsToFloat(a);
        float y = intBitsToFloat(b);
        if ((x != x || y != y)
                && (FORMAT.isSignalingNaN(toUnsignedLong(a)) || FORMAT.isSignalingNaN(toUnsignedLong(b)))) {
            flags.raise(FpFlags.NV);
        }
        return x == y;
    }

    /// flt.s: a < b; false with a NaN, which raises NV.
    public static boolean lt(int a, int b, FpFlags flags) {
        float x = intBitsToFloat(a);
        float y = intBitsToFloat(b);
        if (x != x || y != y) {
            flags.raise(FpFlags.NV);
        }
        return x < y;
    }

    /// fle.s: a <= b; false with a NaN, which raises NV.
    public static boolean le(int a, int b, FpFlags flags) {
        float x = intBitsToFloat(a);
        float y = intBitsToFloat(b);
        if (x != x || y != y) {
            flags.raise(FpFlags.NV);
        }
        return x <= y;
    }

    /// fclass.s: a mask of one bit, 0 to 9, from negative infinity up to quiet NaN.
    public static int classify(int a) {
        return FORMAT.classify(toUnsignedLong(a));
    }

    /// fcvt.w.s: to a signed 32-bit integer. The register receives it sign-extended.
    public static int toInt32(int a, int rm, FpFlags flags) {
        return IntegerConversion.toInt32(intBitsToFloat(a), rm, flags);
    }

    /// fcvt.wu.s: to an unsigned 32-bit integer. The register receives it *sign*-extended.
    public static int toUInt32(int a, int rm, FpFlags flags) {
        return IntegerConversion.toUInt32(intBitsToFloat(a), rm, flags);
    }

    /// fcvt.l.s: to a signed 64-bit integer.
    public static long toInt64(int a, int rm, FpFlags flags) {
        return IntegerConversion.toInt64(intBitsToFloat(a), rm, flags);
    }

    /// fcvt.lu.s: to an unsigned 64-bit integer.
    public static long toUInt64(int a, int rm, FpFlags flags) {
        return IntegerConversion.toUInt64(intBitsToFloat(a), rm, flags);
    }

    /// fcvt.s.w: from a signed 32-bit integer.
    public static int fromInt32(int value, int rm, FpFlags flags) {
        return round(value, rm, flags);
    }

    /// fcvt.s.wu: from an unsigned 32-bit integer.
    public static int fromUInt32(int value, int rm, FpFlags flags) {
        return round(toUnsignedLong(value), rm, flags);
    }

    /// fcvt.s.l: from a signed 64-bit integer.
    public static int fromInt64(long value, int rm, FpFlags flags) {
        return Float64.isExact(value)
                ? round(value, rm, flags)
                : (int) SOFT.fromInteger(value < 0, Math.abs(value), rm, flags);
    }

    /// fcvt.s.lu: from an unsigned 64-bit integer.
    public static int fromUInt64(long value, int rm, FpFlags flags) {
        return value >= 0 && Float64.isExact(value)
                ? round(value, rm, flags)
                : (int) SOFT.fromInteger(false, value, rm, flags);
    }

    /// fcvt.s.d: from a double-precision number.
    public static int fromFloat64(long a, int rm, FpFlags flags) {
        return round(Double.longBitsToDouble(a), a, rm, flags);
    }

    /// An integer that is exact in binary64.
    private static int round(double exact, int rm, FpFlags flags) {
        return round(exact, Double.doubleToRawLongBits(exact), rm, flags);
    }

    /// @param pattern that of `exact`, whose NaNs a `double` need not preserve
    private static int round(double exact, long pattern, int rm, FpFlags flags) {
        if (rm == RNE) {
            float result = (float) exact;
            int bits = floatToRawIntBits(result);
            if (isSafelyNormal(bits) || exact == 0) {
                if (result != exact) {
                    flags.raise(FpFlags.NX);
                }
                return bits;
            }
        }
        return (int) SOFT.convert(BinaryFormat.BINARY64, pattern, rm, flags);
    }

    /// Finite and at least twice the smallest normal number: so far up no rounded result is tiny.
    private static boolean isSafelyNormal(int bits) {
        int exponent = bits & EXPONENT;
        return exponent >= 2 * UNIT && exponent < EXPONENT;
    }

    /// The rounding error of `sum`, exact since nothing overflows (TwoSum, Knuth).
    private static double sumError(double x, double y, double sum) {
        double other = sum - x;
        return (x - (sum - other)) + (y - other);
    }
}
