package io.sosia.appliance.machine.isa;

/// Which floating-point computation instructions exist (Unprivileged ISA, "F" and "D", instruction listings).
public final class FloatEncoding {

    /// `funct5` of OP-FP, the upper five bits of the instruction.
    public static final int ADD = 0x00;
    public static final int SUB = 0x01;
    public static final int MUL = 0x02;
    public static final int DIV = 0x03;
    public static final int SIGN = 0x04;
    public static final int MIN_MAX = 0x05;
    public static final int BETWEEN_FORMATS = 0x08;
    public static final int SQRT = 0x0b;
    public static final int COMPARE = 0x14;
    public static final int TO_INTEGER = 0x18;
    public static final int FROM_INTEGER = 0x1a;
    public static final int MOVE_OR_CLASSIFY = 0x1c;
    public static final int MOVE_FROM_INTEGER = 0x1e;

    /// `funct3` that stands for the rounding mode in `frm`.
    public static final int DYNAMIC = 7;

    private FloatEncoding() {}

    /// Whether the instruction, of one of the five computing opcodes, exists; a static rounding mode that is reserved makes it
    /// illegal.
    public static boolean exists(int i) {
        int format = i >>> 25 & 3;
        int function = i >>> 12 & 7;
        int rs2 = i >>> 20 & 31;
        boolean rounds = function <= 4 || function == DYNAMIC;
        if (format > 1) {
            return false;
        }
        if ((i & 127) != 0x53) {
            return rounds;
        }
        return switch (i >>> 27) {
            case ADD, SUB, MUL, DIV -> rounds;
            case SQRT -> rounds && rs2 == 0;
            case SIGN, COMPARE -> function <= 2;
            case MIN_MAX -> function <= 1;
            case BETWEEN_FORMATS -> rounds && rs2 == (format ^ 1);
            case TO_INTEGER, FROM_INTEGER -> rounds && rs2 <= 3;
            case MOVE_OR_CLASSIFY -> function <= 1 && rs2 == 0;
            case MOVE_FROM_INTEGER -> function == 0 && rs2 == 0;
            default -> false;
        };
    }

    /// Whether the existing OP-FP instruction uses a rounding mode.
    public static boolean rounds(int i) {
        return switch (i >>> 27) {
            case SIGN, COMPARE, MIN_MAX, MOVE_OR_CLASSIFY, MOVE_FROM_INTEGER -> false;
            default -> true;
        };
    }

    /// Whether the existing instruction, of one of the five computing opcodes, has an integer register as its destination.
    public static boolean writesInteger(int i) {
        if ((i & 127) != 0x53) {
            return false;
        }
        return switch (i >>> 27) {
            case COMPARE, TO_INTEGER, MOVE_OR_CLASSIFY -> true;
            default -> false;
        };
    }
}
