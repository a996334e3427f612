package io.sosia.appliance.machine.isa;

/// Integer arithmetic where RISC-V and Java differ (Unprivileged ISA, "M"): division by zero and overflow give values, not
/// exceptions.
public final class Arithmetic {

    private Arithmetic() {}

    /// The result of one of the M extension's rarer operations: all but [Op#MUL] and [Op#MULW].
    public static long product(int op, long a, long b) {
        return switch (op) {
            case Op.MULH -> Math.multiplyHigh(a, b);
            case Op.MULHSU -> multiplyHighSignedUnsigned(a, b);
            case Op.MULHU -> Math.unsignedMultiplyHigh(a, b);
            case Op.DIV -> divide(a, b);
            case Op.DIVU -> divideUnsigned(a, b);
            case Op.REM -> remainder(a, b);
            case Op.REMU -> remainderUnsigned(a, b);
            case Op.DIVW -> divideWord(a, b);
            case Op.DIVUW -> divideUnsignedWord(a, b);
            case Op.REMW -> remainderWord(a, b);
            case Op.REMUW -> remainderUnsignedWord(a, b);
            default -> throw new IllegalArgumentException("operation " + op + " is no rare product");
        };
    }

    /// Upper half of signed times unsigned.
    public static long multiplyHighSignedUnsigned(long a, long b) {
        return Math.multiplyHigh(a, b) + (a & b >> 63);
    }

    /// `div`: by zero gives -1; the overflow gives the dividend, as in Java.
    public static long divide(long a, long b) {
        return b == 0 ? -1 : a / b;
    }

    public static long divideUnsigned(long a, long b) {
        return b == 0 ? -1 : Long.divideUnsigned(a, b);
    }

    /// `rem`: by zero gives the dividend; the overflow gives 0, as in Java.
    public static long remainder(long a, long b) {
        return b == 0 ? a : a % b;
    }

    public static long remainderUnsigned(long a, long b) {
        return b == 0 ? a : Long.remainderUnsigned(a, b);
    }

    /// `divw`, on the low words.
    public static long divideWord(long a, long b) {
        return (int) b == 0 ? -1 : (int) a / (int) b;
    }

    public static long divideUnsignedWord(long a, long b) {
        return (int) b == 0 ? -1 : Integer.divideUnsigned((int) a, (int) b);
    }

    public static long remainderWord(long a, long b) {
        return (int) b == 0 ? (int) a : (int) a % (int) b;
    }

    public static long remainderUnsignedWord(long a, long b) {
        return (int) b == 0 ? (int) a : Integer.remainderUnsigned((int) a, (int) b);
    }
}
