package io.sosia.appliance.machine.fpu;

/// Floating point to integer, for both formats: every binary32 number is a binary64 number.
///
/// A result outside the integer's range raises NV and nothing else, and becomes the end of the range it lies beyond;
/// NaN becomes the upper end (Unprivileged ISA, 20.7). What counts is the value after rounding.
final class IntegerConversion {
    private IntegerConversion() {
    }

    static int toInt32(double value, int rm, FpFlags flags) {
        double rounded = FpRounding.toIntegral(value, rm);
        if (rounded >= -0x1p31 && rounded < 0x1p31) {
            return (int) exactness(value, rounded, flags);
        }
        flags.raise(FpFlags.NV);
        return rounded < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
    }

    static int toUInt32(double value, int rm, FpFlags flags) {
        double rounded = FpRounding.toIntegral(value, rm);
        if (rounded >= 0 && rounded < 0x1p32) {
            return (int) (long) exactness(value, rounded, flags);
        }
        flags.raise(FpFlags.NV);
        return rounded < 0 ? 0 : -1;
    }

    static long toInt64(double value, int rm, FpFlags flags) {
        double rounded = FpRounding.toIntegral(value, rm);
        if (rounded >= -0x1p63 && rounded < 0x1p63) {
            return (long) exactness(value, rounded, flags);
        }
        flags.raise(FpFlags.NV);
        return rounded < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
    }

    static long toUInt64(double value, int rm, FpFlags flags) {
        double rounded = FpRounding.toIntegral(value, rm);
        if (rounded >= 0 && rounded < 0x1p64) {
            double whole = exactness(value, rounded, flags);
            return whole < 0x1p63 ? (long) whole : (long) (whole - 0x1p63) | Long.MIN_VALUE;
        }
        flags.raise(FpFlags.NV);
        return rounded < 0 ? 0 : -1;
    }

    private static double exactness(double value, double rounded, FpFlags flags) {
        if (value != rounded) {
            flags.raise(FpFlags.NX);
        }
        return rounded;
    }
}
