package io.sosia.appliance.machine.cpu;

import io.sosia.appliance.machine.fpu.Float32;
import io.sosia.appliance.machine.fpu.Float64;
import io.sosia.appliance.machine.fpu.FpFlags;
import io.sosia.appliance.machine.fpu.FpRounding;
import io.sosia.appliance.machine.isa.FloatEncoding;

/// The F and D extensions on the hart's registers: operands, NaN boxing, rounding mode, and `sstatus.FS`. The arithmetic is
/// `machine.fpu`'s.
final class FloatingPoint {

    private static final int FMADD = 0x43;
    private static final int FMSUB = 0x47;
    private static final int FNMSUB = 0x4b;
    private static final int FNMADD = 0x4f;

    private final Hart hart;
    private final FloatRegisters fp;
    private final FpFlags flags;

    FloatingPoint(Hart hart) {
        this.hart = hart;
        fp = hart.fp;
        flags = fp.flags;
    }

    /// Executes one of the instructions that [FloatEncoding] knows.
    void execute(int i) {
        int rm = i >>> 12 & 7;
        boolean computes = (i & 127) != 0x53;
        if (fp.status == FloatRegisters.OFF) {
            hart.illegal();
            return;
        }
        if (rm == FloatEncoding.DYNAMIC && (computes || FloatEncoding.rounds(i))) {
            rm = fp.rounding;
            if (!FpRounding.isValid(rm)) {
                hart.illegal();
                return;
            }
        }
        int before = flags.bits;
        boolean twice = (i >>> 25 & 3) == 1;
        if (computes) {
            if (twice) {
                fused64(i, rm);
            } else {
                fused32(i, rm);
            }
        } else if (twice) {
            execute64(i, rm);
        } else {
            execute32(i, rm);
        }
        if (flags.bits != before) {
            fp.status = FloatRegisters.DIRTY;
        }
    }

    private int single(int register) {
        return Float32.unbox(fp.f[register & 31]);
    }

    private long twice(int register) {
        return fp.f[register & 31];
    }

    private void setSingle(int i, int bits) {
        fp.set(i >>> 7 & 31, Float32.box(bits));
    }

    private void setDouble(int i, long bits) {
        fp.set(i >>> 7 & 31, bits);
    }

    private void setInteger(int i, long value) {
        hart.setX(i >>> 7 & 31, value);
    }

    private void fused32(int i, int rm) {
        int a = single(i >>> 15);
        int b = single(i >>> 20);
        int c = single(i >>> 27);
        setSingle(i, switch (i & 127) {
            case FMADD -> Float32.fmadd(a, b, c, rm, flags);
            case FMSUB -> Float32.fmsub(a, b, c, rm, flags);
            case FNMSUB -> Float32.fnmsub(a, b, c, rm, flags);
            case FNMADD -> Float32.fnmadd(a, b, c, rm, flags);
            default -> throw unknown(i);
        });
    }

    private void fused64(int i, int rm) {
        long a = twice(i >>> 15);
        long b = twice(i >>> 20);
        long c = twice(i >>> 27);
        setDouble(i, switch (i & 127) {
            case FMADD -> Float64.fmadd(a, b, c, rm, flags);
            case FMSUB -> Float64.fmsub(a, b, c, rm, flags);
            case FNMSUB -> Float64.fnmsub(a, b, c, rm, flags);
            case FNMADD -> Float64.fnmadd(a, b, c, rm, flags);
            default -> throw unknown(i);
        });
    }

    private void execute32(int i, int rm) {
        int a = single(i >>> 15);
        int b = single(i >>> 20);
        long integer = hart.x[i >>> 15 & 31];
        switch (i >>> 27) {
            case FloatEncoding.ADD -> setSingle(i, Float32.add(a, b, rm, flags));
            case FloatEncoding.SUB -> setSingle(i, Float32.sub(a, b, rm, flags));
            case FloatEncoding.MUL -> setSingle(i, Float32.mul(a, b, rm, flags));
            case FloatEncoding.DIV -> setSingle(i, Float32.div(a, b, rm, flags));
            case FloatEncoding.SQRT -> setSingle(i, Float32.sqrt(a, rm, flags));
            case FloatEncoding.SIGN -> setSingle(i, rm == 0 ? Float32.signInject(a, b)
                    : rm == 1 ? Float32.signInjectNegated(a, b) : Float32.signInjectXor(a, b));
            case FloatEncoding.MIN_MAX -> setSingle(i, rm == 0 ? Float32.min(a, b, flags) : Float32.max(a, b, flags));
            case FloatEncoding.COMPARE -> setInteger(i, (rm == 2 ? Float32.eq(a, b, flags)
                    : rm == 1 ? Float32.lt(a, b, flags) : Float32.le(a, b, flags)) ? 1 : 0);
            case FloatEncoding.BETWEEN_FORMATS -> setSingle(i, Float32.fromFloat64(twice(i >>> 15), rm, flags));
            case FloatEncoding.TO_INTEGER -> setInteger(i, switch (i >>> 20 & 31) {
                case 0 -> Float32.toInt32(a, rm, flags);
                case 1 -> Float32.toUInt32(a, rm, flags);
                case 2 -> Float32.toInt64(a, rm, flags);
                default -> Float32.toUInt64(a, rm, flags);
            });
            case FloatEncoding.FROM_INTEGER -> setSingle(i, switch (i >>> 20 & 31) {
                case 0 -> Float32.fromInt32((int) integer, rm, flags);
                case 1 -> Float32.fromUInt32((int) integer, rm, flags);
                case 2 -> Float32.fromInt64(integer, rm, flags);
                default -> Float32.fromUInt64(integer, rm, flags);
            });
            case FloatEncoding.MOVE_OR_CLASSIFY ->
                setInteger(i, rm == 0 ? (int) twice(i >>> 15) : Float32.classify(a));
            case FloatEncoding.MOVE_FROM_INTEGER -> setSingle(i, (int) integer);
            default -> throw unknown(i);
        }
    }

    private void execute64(int i, int rm) {
        long a = twice(i >>> 15);
        long b = twice(i >>> 20);
        long integer = hart.x[i >>> 15 & 31];
        switch (i >>> 27) {
            case FloatEncoding.ADD -> setDouble(i, Float64.add(a, b, rm, flags));
            case FloatEncoding.SUB -> setDouble(i, Float64.sub(a, b, rm, flags));
            case FloatEncoding.MUL -> setDouble(i, Float64.mul(a, b, rm, flags));
            case FloatEncoding.DIV -> setDouble(i, Float64.div(a, b, rm, flags));
            case FloatEncoding.SQRT -> setDouble(i, Float64.sqrt(a, rm, flags));
            case FloatEncoding.SIGN -> setDouble(i, rm == 0 ? Float64.signInject(a, b)
                    : rm == 1 ? Float64.signInjectNegated(a, b) : Float64.signInjectXor(a, b));
            case FloatEncoding.MIN_MAX -> setDouble(i, rm == 0 ? Float64.min(a, b, flags) : Float64.max(a, b, flags));
            case FloatEncoding.COMPARE -> setInteger(i, (rm == 2 ? Float64.eq(a, b, flags)
                    : rm == 1 ? Float64.lt(a, b, flags) : Float64.le(a, b, flags)) ? 1 : 0);
            case FloatEncoding.BETWEEN_FORMATS -> setDouble(i, Float64.fromFloat32(single(i >>> 15), flags));
            case FloatEncoding.TO_INTEGER -> setInteger(i, switch (i >>> 20 & 31) {
                case 0 -> Float64.toInt32(a, rm, flags);
                case 1 -> Float64.toUInt32(a, rm, flags);
                case 2 -> Float64.toInt64(a, rm, flags);
                default -> Float64.toUInt64(a, rm, flags);
            });
            case FloatEncoding.FROM_INTEGER -> setDouble(i, switch (i >>> 20 & 31) {
                case 0 -> Float64.fromInt32((int) integer);
                case 1 -> Float64.fromUInt32((int) integer);
                case 2 -> Float64.fromInt64(integer, rm, flags);
                default -> Float64.fromUInt64(integer, rm, flags);
            });
            case FloatEncoding.MOVE_OR_CLASSIFY -> setInteger(i, rm == 0 ? a : Float64.classify(a));
            case FloatEncoding.MOVE_FROM_INTEGER -> setDouble(i, integer);
            default -> throw unknown(i);
        }
    }

    private static IllegalStateException unknown(int i) {
        return new IllegalStateException("floating-point instruction 0x%08x was decoded".formatted(i));
    }
}
