package io.sosia.appliance.machine.translate;

import static java.lang.Double.doubleToRawLongBits;
import static java.lang.Double.longBitsToDouble;

import io.sosia.appliance.machine.cpu.FloatRegisters;
import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.fpu.Float32;
import io.sosia.appliance.machine.fpu.Float64;
import io.sosia.appliance.machine.fpu.FpFlags;

/// What translated code calls for floating-point instructions. Like [GuestAccess], each machine has a copy of its own.
///
/// `i` is the instruction, a constant in translated code. The host's arithmetic is taken as it is where its result is below [#bound];
/// what is not that simple has a method `...Slowly`, which is not made part of the code that calls it.
public final class GuestFloats {

    private static final Hart HART = RegionLoader.handover().hart;
    private static final FloatRegisters FLOATS = HART.floats();
    private static final long[] F = FLOATS.registers();
    private static final FpFlags FLAGS = FLOATS.flags();

    /// Numbers below this convert to an integer of 32 and of 64 bits.
    private static final double WORD_END = 0x1p31;
    private static final double LONG_END = 0x1p63;

    private GuestFloats() {}

    /// Whether instructions that read registers can be executed without a trap.
    public static boolean readable() {
        return FLOATS.ready();
    }

    /// Likewise those that write some, without a change of `sstatus.FS`.
    public static boolean writable() {
        return FLOATS.ready() && FLOATS.isDirty();
    }

    /// The bound below which results of the host's arithmetic are the guest's and change no flag. It stays so until a CSR is written.
    public static long bound() {
        return FLOATS.settledBelow();
    }

    /// The bits of a register.
    public static long get(int register) {
        return F[register];
    }

    /// Writes a register.
    public static void setDouble(long bits, int register) {
        F[register] = bits;
    }

    /// Writes a single to a register.
    public static void setSingle(long bits, int register) {
        F[register] = bits | -1L << 32;
    }

    public static void add64(int i, long bound) {
        long bits = doubleToRawLongBits(number(i >>> 15) + number(i >>> 20));
        if (Float64.settlesSum(bits, bound)) {
            F[i >>> 7 & 31] = bits;
        } else {
            addSlowly(i);
        }
    }

    private static void addSlowly(int i) {
        F[i >>> 7 & 31] = Float64.add(F[i >>> 15 & 31], F[i >>> 20 & 31], FLOATS.rounding(i), FLAGS);
    }

    public static void sub64(int i, long bound) {
        long bits = doubleToRawLongBits(number(i >>> 15) - number(i >>> 20));
        if (Float64.settlesSum(bits, bound)) {
            F[i >>> 7 & 31] = bits;
        } else {
            subSlowly(i);
        }
    }

    private static void subSlowly(int i) {
        F[i >>> 7 & 31] = Float64.sub(F[i >>> 15 & 31], F[i >>> 20 & 31], FLOATS.rounding(i), FLAGS);
    }

    public static void mul64(int i, long bound) {
        long bits = doubleToRawLongBits(number(i >>> 15) * number(i >>> 20));
        if (Float64.settlesProduct(bits, bound)) {
            F[i >>> 7 & 31] = bits;
        } else {
            mulSlowly(i);
        }
    }

    private static void mulSlowly(int i) {
        F[i >>> 7 & 31] = Float64.mul(F[i >>> 15 & 31], F[i >>> 20 & 31], FLOATS.rounding(i), FLAGS);
    }

    public static void div64(int i, long bound) {
        long bits = doubleToRawLongBits(number(i >>> 15) / number(i >>> 20));
        if (Float64.settlesProduct(bits, bound)) {
            F[i >>> 7 & 31] = bits;
        } else {
            divSlowly(i);
        }
    }

    private static void divSlowly(int i) {
        F[i >>> 7 & 31] = Float64.div(F[i >>> 15 & 31], F[i >>> 20 & 31], FLOATS.rounding(i), FLAGS);
    }

    public static void sqrt64(int i, long bound) {
        long bits = doubleToRawLongBits(Math.sqrt(number(i >>> 15)));
        if (Float64.settlesProduct(bits, bound)) {
            F[i >>> 7 & 31] = bits;
        } else {
            computeSlowly(i);
        }
    }

    /// `a * b + c`.
    public static void fmadd64(int i, long bound) {
        fused(i, bound, Math.fma(number(i >>> 15), number(i >>> 20), number(i >>> 27)));
    }

    /// `a * b - c`.
    public static void fmsub64(int i, long bound) {
        fused(i, bound, Math.fma(number(i >>> 15), number(i >>> 20), -number(i >>> 27)));
    }

    /// `-(a * b) + c`.
    public static void fnmsub64(int i, long bound) {
        fused(i, bound, Math.fma(-number(i >>> 15), number(i >>> 20), number(i >>> 27)));
    }

    /// `-(a * b) - c`.
    public static void fnmadd64(int i, long bound) {
        fused(i, bound, Math.fma(-number(i >>> 15), number(i >>> 20), -number(i >>> 27)));
    }

    private static void fused(int i, long bound, double result) {
        long bits = doubleToRawLongBits(result);
        if (Float64.settlesProduct(bits, bound)) {
            F[i >>> 7 & 31] = bits;
        } else {
            computeSlowly(i);
        }
    }

    public static void sign64(int i) {
        long a = F[i >>> 15 & 31];
        long b = F[i >>> 20 & 31];
        F[i >>> 7 & 31] = switch (i >>> 12 & 3) {
            case 0 -> Float64.signInject(a, b);
            case 1 -> Float64.signInjectNegated(a, b);
            default -> Float64.signInjectXor(a, b);
        };
    }

    /// The integer register's new value.
    public static long less64(int i) {
        return number(i >>> 15) < number(i >>> 20) || compareSlowly(i) ? 1 : 0;
    }

    /// Likewise.
    public static long lessOrEqual64(int i) {
        return number(i >>> 15) <= number(i >>> 20) || compareSlowly(i) ? 1 : 0;
    }

    /// Likewise.
    public static long equal64(int i) {
        return number(i >>> 15) == number(i >>> 20) || compareSlowly(i) ? 1 : 0;
    }

    private static boolean compareSlowly(int i) {
        long a = F[i >>> 15 & 31];
        long b = F[i >>> 20 & 31];
        return switch (i >>> 12 & 3) {
            case 0 -> Float64.le(a, b, FLAGS);
            case 1 -> Float64.lt(a, b, FLAGS);
            default -> Float64.eq(a, b, FLAGS);
        };
    }

    /// `fcvt.w.d` towards zero: the integer register's new value.
    public static long toWord64(int i, long bound) {
        double number = number(i >>> 15);
        return bound != 0 && number > -WORD_END && number < WORD_END
                ? (int) number : Float64.toInt32(F[i >>> 15 & 31], i >>> 12 & 7, FLAGS);
    }

    /// `fcvt.l.d` towards zero.
    public static long toLong64(int i, long bound) {
        double number = number(i >>> 15);
        return bound != 0 && number > -LONG_END && number < LONG_END
                ? (long) number : Float64.toInt64(F[i >>> 15 & 31], i >>> 12 & 7, FLAGS);
    }

    /// `fcvt.d.w`, always exact.
    public static void fromWord64(long integer, int i) {
        F[i >>> 7 & 31] = doubleToRawLongBits((int) integer);
    }

    /// `fcvt.d.l`.
    public static void fromLong64(long integer, int i, long bound) {
        F[i >>> 7 & 31] = bound != 0 ? doubleToRawLongBits(integer) : Float64.fromInt64(integer, FLOATS.rounding(i), FLAGS);
    }

    public static void add32(int i) {
        F[i >>> 7 & 31] = Float32.box(Float32.add(single(i >>> 15), single(i >>> 20), FLOATS.rounding(i), FLAGS));
    }

    public static void sub32(int i) {
        F[i >>> 7 & 31] = Float32.box(Float32.sub(single(i >>> 15), single(i >>> 20), FLOATS.rounding(i), FLAGS));
    }

    public static void mul32(int i) {
        F[i >>> 7 & 31] = Float32.box(Float32.mul(single(i >>> 15), single(i >>> 20), FLOATS.rounding(i), FLAGS));
    }

    public static void div32(int i) {
        F[i >>> 7 & 31] = Float32.box(Float32.div(single(i >>> 15), single(i >>> 20), FLOATS.rounding(i), FLAGS));
    }

    /// Executes any computation, on [GuestAccess#X] where integers are concerned.
    public static void computeSlowly(int i) {
        HART.compute(i);
    }

    private static double number(int register) {
        return longBitsToDouble(F[register & 31]);
    }

    private static int single(int register) {
        return Float32.unbox(F[register & 31]);
    }
}
