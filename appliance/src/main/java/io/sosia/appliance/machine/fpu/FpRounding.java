package io.sosia.appliance.machine.fpu;

/// The rounding modes, numbered as in the `rm` field of instructions and in `frm` (Unprivileged ISA, 20.2).
///
/// Plain numbers, since they come out of instruction words on the hot path. 5 and 6 are reserved and 7 in an
/// instruction means "what `frm` says": the hart deals with these; here they are a broken invariant.
public final class FpRounding {
    /// To nearest, ties to even.
    public static final int RNE = 0;
    /// Towards zero.
    public static final int RTZ = 1;
    /// Down, towards minus infinity.
    public static final int RDN = 2;
    /// Up, towards plus infinity.
    public static final int RUP = 3;
    /// To nearest, ties away from zero.
    public static final int RMM = 4;

    private FpRounding() {
    }

    /// Whether `rm` is one of the five modes.
    public static boolean isValid(int rm) {
        return rm >= RNE && rm <= RMM;
    }

    /// Whether a magnitude whose lowest kept digit is that of `kept` and whose dropped digits are `rest` grows by one
    /// unit in its last place. `half` is the value of `rest` at the midpoint; `rest` is below twice that.
    static boolean growsMagnitude(int rm, boolean negative, long kept, long rest, long half) {
        return switch (rm) {
            case RNE -> rest > half || (rest == half && (kept & 1) != 0);
            case RTZ -> false;
            case RDN -> negative && rest != 0;
            case RUP -> !negative && rest != 0;
            case RMM -> rest >= half;
            default -> throw invalid(rm);
        };
    }

    /// Whether a magnitude too large for its format becomes infinity, rather than the largest finite number.
    static boolean overflowsToInfinity(int rm, boolean negative) {
        return switch (rm) {
            case RNE, RMM -> true;
            case RTZ -> false;
            case RDN -> negative;
            case RUP -> !negative;
            default -> throw invalid(rm);
        };
    }

    /// `value` rounded to an integral number; NaN and infinities come back as they are. The sign of a zero result is
    /// not defined.
    static double toIntegral(double value, int rm) {
        return switch (rm) {
            case RNE -> Math.rint(value);
            case RTZ -> truncate(value);
            case RDN -> Math.floor(value);
            case RUP -> Math.ceil(value);
            case RMM -> {
                double whole = truncate(value);
                // The difference is exact: it consists of the low-order digits of the value.
                yield Math.abs(value - whole) >= 0.5 ? whole + Math.copySign(1.0, value) : whole;
            }
            default -> throw invalid(rm);
        };
    }

    private static double truncate(double value) {
        // From 2^52 on every binary64 number is integral.
        return Math.abs(value) < 0x1p52 ? (double) (long) value : value;
    }

    private static IllegalArgumentException invalid(int rm) {
        return new IllegalArgumentException("rounding mode: expected 0 to 4, got " + rm);
    }
}
