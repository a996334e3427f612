package io.sosia.appliance.machine.fpu;

import static java.lang.Double.longBitsToDouble;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import org.junit.jupiter.api.Test;

/// Every rounding mode against the exact value in decimal arithmetic: the result and its exactness follow from the
/// definition of the mode, with no second floating-point implementation involved.
class ExactValueTest {
    private static final int ROUNDS = 3_000;
    private static final long SEED = Long.getLong("sosia.fpu.seed", 8_191);

    /// Binary64 numbers and the midpoints between them have up to 768 digits; an inexact quotient cut off behind that
    /// many is none of them.
    private static final MathContext DIGITS = new MathContext(800, RoundingMode.DOWN);

    private interface Exact {
        /// The exact value, or one on the same side of every number of 54 binary digits.
        BigDecimal of(BigDecimal a, BigDecimal b, BigDecimal c);
    }

    @Test
    void sumsAreTheExactValueRounded() {
        check(FpOperation.ADD_D, (a, b, c) -> a.add(b));
        check(FpOperation.ADD_S, (a, b, c) -> a.add(b));
    }

    @Test
    void productsAreTheExactValueRounded() {
        check(FpOperation.MUL_D, (a, b, c) -> a.multiply(b));
        check(FpOperation.MUL_S, (a, b, c) -> a.multiply(b));
    }

    @Test
    void fusedMultiplyAddsAreTheExactValueRounded() {
        check(FpOperation.FMADD_D, (a, b, c) -> a.multiply(b).add(c));
        check(FpOperation.FNMSUB_S, (a, b, c) -> c.subtract(a.multiply(b)));
    }

    @Test
    void quotientsAreTheExactValueRounded() {
        check(FpOperation.DIV_D, (a, b, c) -> b.signum() == 0 ? null : a.divide(b, DIGITS));
        check(FpOperation.DIV_S, (a, b, c) -> b.signum() == 0 ? null : a.divide(b, DIGITS));
    }

    @Test
    void singlesAreDoublesRounded() {
        check(FpOperation.CVT_S_D, (a, b, c) -> a);
    }

    private static void check(FpOperation operation, Exact exact) {
        boolean single = operation.name().endsWith("_S");
        boolean singleOperands = operation.kind == FpOperation.Kind.S;
        BinaryFormat format = single || operation == FpOperation.CVT_S_D
                ? BinaryFormat.BINARY32 : BinaryFormat.BINARY64;
        FpOperands operands = new FpOperands(SEED + operation.ordinal());
        FpFlags flags = new FpFlags();
        long[] abc = new long[3];
        for (int i = 0; i < ROUNDS; i++) {
            operands.fill(operation.kind, abc);
            BigDecimal value = value(exact, abc, singleOperands);
            for (int rm = FpRounding.RNE; value != null && rm <= FpRounding.RMM; rm++) {
                flags.bits = 0;
                long register = operation.execute(abc[0], abc[1], abc[2], rm, flags);
                long bits = register & (2 * format.signBit() - 1); // without the box
                String where = String.format("%s rm=%d a=%016x b=%016x c=%016x: got %x flags %02x; rerun with "
                        + "-Dsosia.fpu.seed=%d", operation, rm, abc[0], abc[1], abc[2], bits, flags.bits, SEED);
                if (format.isInfinite(bits) || (flags.bits & FpFlags.OF) != 0) {
                    checkOverflow(format, value, flags.bits, where);
                } else {
                    checkRounded(format, value, bits, rm, flags.bits, where);
                }
            }
        }
    }

    /// The exact result of finite operands; null when there is none.
    private static BigDecimal value(Exact exact, long[] registers, boolean single) {
        BigDecimal[] values = new BigDecimal[registers.length];
        for (int i = 0; i < registers.length; i++) {
            double value = single
                    ? Float.intBitsToFloat(Float32.unbox(registers[i])) : longBitsToDouble(registers[i]);
            if (!Double.isFinite(value)) {
                return null;
            }
            values[i] = new BigDecimal(value);
        }
        return exact.of(values[0], values[1], values[2]);
    }

    private static void checkOverflow(BinaryFormat format, BigDecimal value, int flags, String where) {
        boolean beyond = value.abs().compareTo(decimal(format, format.infinity() - 1)) > 0;
        if (!beyond || flags != (FpFlags.OF | FpFlags.NX)) {
            throw new AssertionError("overflow, expected only beyond the largest number, with OF and NX: " + where);
        }
    }

    private static void checkRounded(BinaryFormat format, BigDecimal value, long bits, int rm, int flags,
            String where) {
        BigDecimal result = decimal(format, bits);
        int side = value.compareTo(result);
        if ((side != 0) != ((flags & FpFlags.NX) != 0)) {
            throw new AssertionError("NX, expected exactly when the result is not the value: " + where);
        }
        if (side == 0) {
            return;
        }
        // The neighbour on the other side of the value; outward, it may be what would follow the largest.
        boolean outward = value.signum() == 0 ? result.signum() < 0 : side == value.signum();
        long magnitude = format.magnitude(bits);
        BigDecimal neighbour = decimal(format, magnitude + (outward ? 1 : -1));
        neighbour = value.signum() < 0 ? neighbour.negate() : neighbour;
        int nearer = value.subtract(result).abs().compareTo(value.subtract(neighbour).abs());
        boolean between = outward
                ? value.abs().compareTo(neighbour.abs()) < 0
                : value.abs().compareTo(neighbour.abs()) > 0;
        boolean asTheModeSays = switch (rm) {
            case FpRounding.RNE -> nearer < 0 || nearer == 0 && (magnitude & 1) == 0;
            case FpRounding.RTZ -> outward;
            case FpRounding.RDN -> side > 0;
            case FpRounding.RUP -> side < 0;
            case FpRounding.RMM -> nearer < 0 || nearer == 0 && !outward;
            default -> throw new AssertionError("rounding mode " + rm);
        };
        if (!between || !asTheModeSays) {
            throw new AssertionError("expected the neighbour of " + value.round(new MathContext(40))
                    + " that the mode names: " + where);
        }
    }

    /// The value of a finite number, or of infinity as the number that would follow the largest.
    private static BigDecimal decimal(BinaryFormat format, long bits) {
        if (format.isInfinite(bits)) {
            BigDecimal magnitude = BigDecimal.TWO.pow(format.exponentMax() + 1);
            return format.isNegative(bits) ? magnitude.negate() : magnitude;
        }
        return new BigDecimal(format.equals(BinaryFormat.BINARY64)
                ? longBitsToDouble(bits) : Float.intBitsToFloat((int) bits));
    }
}
