package io.sosia.appliance.machine.fpu;

/// An IEEE 754 binary interchange format: how its bit patterns fall apart, and how a number is rounded into one.
///
/// Bit patterns are in the low bits of a `long`, the bits above being zero. A finite number other than zero is
/// unpacked into a sign, an exponent and a *significand* with its leading digit in bit 63, the value being
/// `significand * 2^(exponent - 63)`; subnormal numbers are unpacked like all others. A record, since the just-in-time
/// compiler takes a record's fields for constants.
///
/// @param fractionBits digits of the significand that are stored, 2 to 52
/// @param exponentBits width of the exponent field, 2 to 11
record BinaryFormat(int fractionBits, int exponentBits) {
    /// The format of F.
    static final BinaryFormat BINARY32 = new BinaryFormat(23, 8);
    /// The format of D.
    static final BinaryFormat BINARY64 = new BinaryFormat(52, 11);

    BinaryFormat {
        if (fractionBits < 2 || fractionBits > 52 || exponentBits < 2 || exponentBits > 11) {
            throw new IllegalArgumentException("format: expected 2..52 fraction and 2..11 exponent bits, got "
                    + fractionBits + " and " + exponentBits);
        }
    }

    /// The largest exponent of a finite number.
    int exponentMax() {
        return (1 << (exponentBits - 1)) - 1;
    }

    /// The exponent of the smallest normal number.
    int exponentMin() {
        return 1 - exponentMax();
    }

    /// The sign bit; also the pattern of negative zero.
    long signBit() {
        return 1L << (fractionBits + exponentBits);
    }

    /// The pattern of positive infinity.
    long infinity() {
        return ((1L << exponentBits) - 1) << fractionBits;
    }

    /// The one NaN that RISC-V operations produce: positive, quiet, no payload (Unprivileged ISA, 20.3).
    long canonicalNaN() {
        return infinity() | quietBit();
    }

    private long quietBit() {
        return 1L << (fractionBits - 1);
    }

    boolean isNegative(long bits) {
        return (bits & signBit()) != 0;
    }

    long magnitude(long bits) {
        return bits & (signBit() - 1);
    }

    boolean isNaN(long bits) {
        return magnitude(bits) > infinity();
    }

    boolean isSignalingNaN(long bits) {
        return isNaN(bits) && (bits & quietBit()) == 0;
    }

    boolean isInfinite(long bits) {
        return magnitude(bits) == infinity();
    }

    boolean isZero(long bits) {
        return magnitude(bits) == 0;
    }

    /// Infinity or zero of the given sign.
    long signed(boolean negative, long magnitude) {
        return negative ? magnitude | signBit() : magnitude;
    }

    /// The exponent of a finite number other than zero.
    int exponent(long bits) {
        long magnitude = magnitude(bits);
        int field = (int) (magnitude >>> fractionBits);
        return field == 0
                ? exponentMin() + 63 - fractionBits - Long.numberOfLeadingZeros(magnitude)
                : field - exponentMax();
    }

    /// The significand of a finite number other than zero, leading digit in bit 63.
    long significand(long bits) {
        long magnitude = magnitude(bits);
        return magnitude >>> fractionBits == 0
                ? magnitude << Long.numberOfLeadingZeros(magnitude)
                : Long.MIN_VALUE | (magnitude << (63 - fractionBits));
    }

    /// Rounds a number into this format and accrues NX, OF and UF as they apply.
    ///
    /// @param significand leading digit in bit 63; bit 0 is also set when non-zero digits below it were dropped
    long round(boolean negative, int exponent, long significand, int rm, FpFlags flags) {
        if (exponent > exponentMax()) {
            return overflow(negative, rm, flags);
        }
        int dropped = 63 - fractionBits;
        long restMask = (1L << dropped) - 1;
        long half = 1L << (dropped - 1);
        boolean below = exponent < exponentMin();
        long shifted = below ? shiftRightSticky(significand, exponentMin() - exponent) : significand;
        long kept = shifted >>> dropped;
        long rest = shifted & restMask;
        // The leading digit of a normal number adds one to the exponent field, and a carry out of the fraction
        // adds another: both are what the result needs.
        long bits = (below ? 0 : (long) (exponent - exponentMin()) << fractionBits) + kept;
        if (rest != 0) {
            if (FpRounding.growsMagnitude(rm, negative, kept, rest, half)) {
                bits++;
            }
            if (bits >= infinity()) {
                return overflow(negative, rm, flags);
            }
            flags.raise(below && isTiny(negative, exponent, significand, rm) ? FpFlags.NX | FpFlags.UF : FpFlags.NX);
        }
        return signed(negative, bits);
    }

    /// As [#round], for a significand other than zero with its leading digit anywhere.
    long normalizeAndRound(boolean negative, int exponent, long significand, int rm, FpFlags flags) {
        int zeros = Long.numberOfLeadingZeros(significand);
        return round(negative, exponent - zeros, significand << zeros, rm, flags);
    }

    /// Tininess is detected after rounding (Unprivileged ISA, 20.4): a number below the normal range is not tiny when
    /// rounding to full precision, as if the exponent had no lower bound, carries it to the smallest normal number.
    private boolean isTiny(boolean negative, int exponent, long significand, int rm) {
        if (exponent < exponentMin() - 1) {
            return true;
        }
        int dropped = 63 - fractionBits;
        long kept = significand >>> dropped;
        long rest = significand & ((1L << dropped) - 1);
        boolean carries = kept == (1L << (fractionBits + 1)) - 1
                && FpRounding.growsMagnitude(rm, negative, kept, rest, 1L << (dropped - 1));
        return !carries;
    }

    private long overflow(boolean negative, int rm, FpFlags flags) {
        flags.raise(FpFlags.OF | FpFlags.NX);
        return signed(negative, FpRounding.overflowsToInfinity(rm, negative) ? infinity() : infinity() - 1);
    }

    /// `value >>> distance`, with bit 0 also set when a bit other than zero was shifted out.
    ///
    /// @param distance 0 or more, without upper limit
    static long shiftRightSticky(long value, int distance) {
        if (distance == 0) {
            return value;
        }
        if (distance > 63) {
            return value == 0 ? 0 : 1;
        }
        return (value >>> distance) | (value << -distance == 0 ? 0 : 1);
    }

    /// Which of the ten classes `fclass` tells apart holds `bits`: a mask of exactly one bit (Unprivileged ISA, 20.9).
    int classify(long bits) {
        boolean negative = isNegative(bits);
        long magnitude = magnitude(bits);
        if (magnitude > infinity()) {
            return isSignalingNaN(bits) ? 1 << 8 : 1 << 9;
        }
        if (magnitude == infinity()) {
            return negative ? 1 : 1 << 7;
        }
        if (magnitude == 0) {
            return negative ? 1 << 3 : 1 << 4;
        }
        boolean subnormal = magnitude >>> fractionBits == 0;
        if (subnormal) {
            return negative ? 1 << 2 : 1 << 5;
        }
        return negative ? 1 << 1 : 1 << 6;
    }

    /// The smaller (or with `greatest` the greater) of two numbers: -0 is below +0, a lone NaN gives way to the other
    /// operand, two give the canonical NaN, a signaling one raises NV (IEEE 754-2019 minimumNumber; Unprivileged ISA,
    /// 20.6).
    long select(boolean greatest, long a, long b, FpFlags flags) {
        if (isNaN(a) || isNaN(b)) {
            if (isSignalingNaN(a) || isSignalingNaN(b)) {
                flags.raise(FpFlags.NV);
            }
            if (!isNaN(a)) {
                return a;
            }
            return isNaN(b) ? canonicalNaN() : b;
        }
        return order(a) < order(b) == greatest ? b : a;
    }

    /// A number that sorts as the number with the pattern `bits` does, -0 before +0.
    private long order(long bits) {
        return isNegative(bits) ? ~magnitude(bits) : bits;
    }
}
