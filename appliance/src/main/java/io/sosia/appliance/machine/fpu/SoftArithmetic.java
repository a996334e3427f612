package io.sosia.appliance.machine.fpu;

/// The soft path: every operation on every operand in every rounding mode, for either format.
///
/// Each operation answers NaNs, infinities and zeros first, then computes the exact result of two finite numbers to at
/// least two digits more than the format holds, with a sticky digit for all below, and has it rounded once.
///
/// @param format the format of operands and results
record SoftArithmetic(BinaryFormat format) {
    static final SoftArithmetic BINARY32 = new SoftArithmetic(BinaryFormat.BINARY32);
    static final SoftArithmetic BINARY64 = new SoftArithmetic(BinaryFormat.BINARY64);

    /// A binary64 number holds 53 digits of a significand; below them are 11 bits in our unpacked form.
    private static final int SPARE_BITS = 11;

    /// a + b.
    long add(long a, long b, int rm, FpFlags flags) {
        if (format.isNaN(a) || format.isNaN(b)) {
            return quiet(a, b, flags);
        }
        if (format.isInfinite(a) || format.isInfinite(b)) {
            return addInfinity(a, b, flags);
        }
        if (format.isZero(a) || format.isZero(b)) {
            return addZero(a, b, rm);
        }
        return format.magnitude(a) >= format.magnitude(b) ? addOrdered(a, b, rm, flags) : addOrdered(b, a, rm, flags);
    }

    private long addInfinity(long a, long b, FpFlags flags) {
        if (!format.isInfinite(a)) {
            return b;
        }
        return format.isInfinite(b) && a != b ? invalid(flags) : a;
    }

    private long addZero(long a, long b, int rm) {
        if (!format.isZero(a)) {
            return a;
        }
        return format.isZero(b) && a != b ? cancelled(rm) : b;
    }

    private long addOrdered(long large, long small, int rm, FpFlags flags) {
        int exponent = format.exponent(large);
        // One place to the right: room for the carry. The digits lost on the left of the sticky one are zeros.
        long a = format.significand(large) >>> 1;
        long b = BinaryFormat.shiftRightSticky(format.significand(small), exponent - format.exponent(small) + 1);
        boolean negative = format.isNegative(large);
        if (negative == format.isNegative(small)) {
            return format.normalizeAndRound(negative, exponent + 1, a + b, rm, flags);
        }
        return a == b ? cancelled(rm) : format.normalizeAndRound(negative, exponent + 1, a - b, rm, flags);
    }

    /// a - b.
    long sub(long a, long b, int rm, FpFlags flags) {
        return add(a, b ^ format.signBit(), rm, flags);
    }

    /// a * b.
    long mul(long a, long b, int rm, FpFlags flags) {
        if (format.isNaN(a) || format.isNaN(b)) {
            return quiet(a, b, flags);
        }
        boolean negative = format.isNegative(a ^ b);
        if (format.isInfinite(a) || format.isInfinite(b)) {
            return format.isZero(a) || format.isZero(b) ? invalid(flags) : format.signed(negative, format.infinity());
        }
        if (format.isZero(a) || format.isZero(b)) {
            return format.signed(negative, 0);
        }
        long x = format.significand(a);
        long y = format.significand(b);
        long product = Math.unsignedMultiplyHigh(x, y) | (x * y == 0 ? 0 : 1);
        return format.normalizeAndRound(negative, format.exponent(a) + format.exponent(b) + 1, product, rm, flags);
    }

    /// a / b; DZ when a finite number other than zero is divided by zero.
    long div(long a, long b, int rm, FpFlags flags) {
        if (format.isNaN(a) || format.isNaN(b)) {
            return quiet(a, b, flags);
        }
        boolean negative = format.isNegative(a ^ b);
        if (format.isInfinite(a)) {
            return format.isInfinite(b) ? invalid(flags) : format.signed(negative, format.infinity());
        }
        if (format.isZero(b)) {
            if (format.isZero(a)) {
                return invalid(flags);
            }
            flags.raise(FpFlags.DZ);
            return format.signed(negative, format.infinity());
        }
        if (format.isZero(a) || format.isInfinite(b)) {
            return format.signed(negative, 0);
        }
        // The nearest 53-digit quotient, and by its remainder whether the true one is above or below it. Numerator
        // and denominator are integers of 53 digits; the remainder is at most half the denominator, so that the low
        // 64 bits of both products tell it.
        long x = format.significand(a) >>> SPARE_BITS;
        long y = format.significand(b) >>> SPARE_BITS;
        long nearest = Double.doubleToRawLongBits((double) x / (double) y);
        int scale = BinaryFormat.BINARY64.exponent(nearest);
        long quotient = BinaryFormat.BINARY64.significand(nearest);
        long remainder = (x << (52 - scale)) - (quotient >>> SPARE_BITS) * y;
        int exponent = format.exponent(a) - format.exponent(b) + scale;
        return format.normalizeAndRound(negative, exponent, quotient + Long.signum(remainder), rm, flags);
    }

    /// The square root; that of -0 is -0.
    long sqrt(long a, int rm, FpFlags flags) {
        if (format.isNaN(a)) {
            return quiet(a, a, flags);
        }
        if (format.isZero(a)) {
            return a;
        }
        if (format.isNegative(a)) {
            return invalid(flags);
        }
        if (format.isInfinite(a)) {
            return a;
        }
        // As in div: the nearest root of 53 digits, an integer thanks to the factor 2^52, and the sign of what is left.
        int exponent = format.exponent(a);
        long x = (format.significand(a) >>> SPARE_BITS) << (exponent & 1);
        long root = (long) Math.sqrt((double) x * 0x1p52);
        long remainder = (x << 52) - root * root;
        long significand = (root << SPARE_BITS) + Long.signum(remainder);
        return format.normalizeAndRound(false, exponent >> 1, significand, rm, flags);
    }

    /// a * b + c, rounded once. Infinity times zero raises NV also when `c` is a quiet NaN (Unprivileged ISA, 20.6).
    long fma(long a, long b, long c, int rm, FpFlags flags) {
        boolean infinite = format.isInfinite(a) || format.isInfinite(b);
        boolean zero = format.isZero(a) || format.isZero(b);
        if (format.isNaN(a) || format.isNaN(b) || format.isNaN(c)) {
            if (infinite && zero) {
                flags.raise(FpFlags.NV);
            }
            quiet(a, b, flags);
            return quiet(c, c, flags);
        }
        if (infinite && zero) {
            return invalid(flags);
        }
        boolean negative = format.isNegative(a ^ b);
        if (infinite || format.isInfinite(c)) {
            return addInfinity(format.signed(negative, infinite ? format.infinity() : 0), c, flags);
        }
        if (zero) {
            return addZero(format.signed(negative, 0), c, rm);
        }
        return format.isZero(c) ? mul(a, b, rm, flags) : fmaFinite(a, b, c, rm, flags);
    }

    /// Fused multiply-add of finite numbers other than zero, in 128 bits: leading digits in bit 126.
    private long fmaFinite(long a, long b, long c, int rm, FpFlags flags) {
        long x = format.significand(a);
        long y = format.significand(b);
        long high = Math.unsignedMultiplyHigh(x, y);
        long low = x * y;
        int exponent = format.exponent(a) + format.exponent(b);
        if (high < 0) {
            low = (low >>> 1) | (high << 63); // the lowest bit of the product is zero
            high >>>= 1;
            exponent++;
        }
        long addendHigh = format.significand(c) >>> 1; // its lowest bit is zero, too
        long addendLow = 0;
        int distance = exponent - format.exponent(c);
        if (distance >= 0) {
            addendLow = shiftRightStickyLow(addendHigh, 0, distance);
            addendHigh = distance > 63 ? 0 : addendHigh >>> distance;
        } else {
            low = shiftRightStickyLow(high, low, -distance);
            high = -distance > 63 ? 0 : high >>> -distance;
            exponent -= distance;
        }
        boolean negative = format.isNegative(a ^ b);
        if (negative == format.isNegative(c)) {
            long sum = low + addendLow;
            high += addendHigh + (Long.compareUnsigned(sum, low) < 0 ? 1 : 0);
            low = sum;
        } else {
            long difference = low - addendLow;
            high -= addendHigh + (Long.compareUnsigned(low, addendLow) < 0 ? 1 : 0);
            low = difference;
            if (high < 0) {
                negative = !negative;
                high = low == 0 ? -high : ~high;
                low = -low;
            }
            if ((high | low) == 0) {
                return cancelled(rm);
            }
        }
        exponent += 1 - leadingZeros(high, low);
        return format.round(negative, exponent, leadingDigits(high, low), rm, flags);
    }

    private static int leadingZeros(long high, long low) {
        return high == 0 ? 64 + Long.numberOfLeadingZeros(low) : Long.numberOfLeadingZeros(high);
    }

    /// The first 64 digits of a 128-bit number from its leading one on, bit 0 sticky.
    private static long leadingDigits(long high, long low) {
        int zeros = leadingZeros(high, low);
        if (zeros == 0) {
            return high | (low == 0 ? 0 : 1);
        }
        return zeros > 63
                ? low << (zeros - 64)
                : (high << zeros) | (low >>> -zeros) | (low << zeros == 0 ? 0 : 1);
    }

    /// The low half of a 128-bit number shifted to the right, bit 0 sticky.
    private static long shiftRightStickyLow(long high, long low, int distance) {
        if (distance == 0) {
            return low;
        }
        if (distance > 63) {
            return BinaryFormat.shiftRightSticky(high, distance - 64) | (low == 0 ? 0 : 1);
        }
        return (high << -distance) | BinaryFormat.shiftRightSticky(low, distance);
    }

    /// A number of the format `source` in this one; NaNs become the canonical one.
    long convert(BinaryFormat source, long a, int rm, FpFlags flags) {
        if (source.isNaN(a)) {
            if (source.isSignalingNaN(a)) {
                flags.raise(FpFlags.NV);
            }
            return format.canonicalNaN();
        }
        boolean negative = source.isNegative(a);
        if (source.isZero(a)) {
            return format.signed(negative, 0);
        }
        return source.isInfinite(a)
                ? format.signed(negative, format.infinity())
                : format.round(negative, source.exponent(a), source.significand(a), rm, flags);
    }

    /// The integer of the given sign and unsigned 64-bit magnitude; zero is +0.
    long fromInteger(boolean negative, long magnitude, int rm, FpFlags flags) {
        return magnitude == 0 ? 0 : format.normalizeAndRound(negative, 63, magnitude, rm, flags);
    }

    /// The sum of two numbers that cancel: -0 when rounding down, else +0 (IEEE 754-2019, 6.3).
    private long cancelled(int rm) {
        return rm == FpRounding.RDN ? format.signBit() : 0;
    }

    private long invalid(FpFlags flags) {
        flags.raise(FpFlags.NV);
        return format.canonicalNaN();
    }

    /// The result of an operation on a NaN.
    private long quiet(long a, long b, FpFlags flags) {
        return format.isSignalingNaN(a) || format.isSignalingNaN(b) ? invalid(flags) : format.canonicalNaN();
    }
}
