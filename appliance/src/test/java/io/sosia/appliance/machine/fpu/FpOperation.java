package io.sosia.appliance.machine.fpu;

import static io.sosia.appliance.machine.fpu.Float32.box;
import static io.sosia.appliance.machine.fpu.Float32.unbox;

/// The operations under test as the CPU sees them: registers in, a register out. In the order of `oracle.c`.
enum FpOperation {
    ADD_S(Kind.S, (a, b, c, rm, f) -> box(Float32.add(unbox(a), unbox(b), rm, f))),
    ADD_D(Kind.D, (a, b, c, rm, f) -> Float64.add(a, b, rm, f)),
    SUB_S(Kind.S, (a, b, c, rm, f) -> box(Float32.sub(unbox(a), unbox(b), rm, f))),
    SUB_D(Kind.D, (a, b, c, rm, f) -> Float64.sub(a, b, rm, f)),
    MUL_S(Kind.S, (a, b, c, rm, f) -> box(Float32.mul(unbox(a), unbox(b), rm, f))),
    MUL_D(Kind.D, (a, b, c, rm, f) -> Float64.mul(a, b, rm, f)),
    DIV_S(Kind.S, (a, b, c, rm, f) -> box(Float32.div(unbox(a), unbox(b), rm, f))),
    DIV_D(Kind.D, (a, b, c, rm, f) -> Float64.div(a, b, rm, f)),
    SQRT_S(Kind.S, (a, b, c, rm, f) -> box(Float32.sqrt(unbox(a), rm, f))),
    SQRT_D(Kind.D, (a, b, c, rm, f) -> Float64.sqrt(a, rm, f)),
    FMADD_S(Kind.S, (a, b, c, rm, f) -> box(Float32.fmadd(unbox(a), unbox(b), unbox(c), rm, f))),
    FMADD_D(Kind.D, (a, b, c, rm, f) -> Float64.fmadd(a, b, c, rm, f)),
    FMSUB_S(Kind.S, (a, b, c, rm, f) -> box(Float32.fmsub(unbox(a), unbox(b), unbox(c), rm, f))),
    FMSUB_D(Kind.D, (a, b, c, rm, f) -> Float64.fmsub(a, b, c, rm, f)),
    FNMSUB_S(Kind.S, (a, b, c, rm, f) -> box(Float32.fnmsub(unbox(a), unbox(b), unbox(c), rm, f))),
    FNMSUB_D(Kind.D, (a, b, c, rm, f) -> Float64.fnmsub(a, b, c, rm, f)),
    FNMADD_S(Kind.S, (a, b, c, rm, f) -> box(Float32.fnmadd(unbox(a), unbox(b), unbox(c), rm, f))),
    FNMADD_D(Kind.D, (a, b, c, rm, f) -> Float64.fnmadd(a, b, c, rm, f)),
    MIN_S(Kind.S, (a, b, c, rm, f) -> box(Float32.min(unbox(a), unbox(b), f))),
    MIN_D(Kind.D, (a, b, c, rm, f) -> Float64.min(a, b, f)),
    MAX_S(Kind.S, (a, b, c, rm, f) -> box(Float32.max(unbox(a), unbox(b), f))),
    MAX_D(Kind.D, (a, b, c, rm, f) -> Float64.max(a, b, f)),
    SGNJ_S(Kind.S, (a, b, c, rm, f) -> box(Float32.signInject(unbox(a), unbox(b)))),
    SGNJ_D(Kind.D, (a, b, c, rm, f) -> Float64.signInject(a, b)),
    SGNJN_S(Kind.S, (a, b, c, rm, f) -> box(Float32.signInjectNegated(unbox(a), unbox(b)))),
    SGNJN_D(Kind.D, (a, b, c, rm, f) -> Float64.signInjectNegated(a, b)),
    SGNJX_S(Kind.S, (a, b, c, rm, f) -> box(Float32.signInjectXor(unbox(a), unbox(b)))),
    SGNJX_D(Kind.D, (a, b, c, rm, f) -> Float64.signInjectXor(a, b)),
    EQ_S(Kind.S, (a, b, c, rm, f) -> Float32.eq(unbox(a), unbox(b), f) ? 1 : 0),
    EQ_D(Kind.D, (a, b, c, rm, f) -> Float64.eq(a, b, f) ? 1 : 0),
    LT_S(Kind.S, (a, b, c, rm, f) -> Float32.lt(unbox(a), unbox(b), f) ? 1 : 0),
    LT_D(Kind.D, (a, b, c, rm, f) -> Float64.lt(a, b, f) ? 1 : 0),
    LE_S(Kind.S, (a, b, c, rm, f) -> Float32.le(unbox(a), unbox(b), f) ? 1 : 0),
    LE_D(Kind.D, (a, b, c, rm, f) -> Float64.le(a, b, f) ? 1 : 0),
    CLASS_S(Kind.S, (a, b, c, rm, f) -> Float32.classify(unbox(a))),
    CLASS_D(Kind.D, (a, b, c, rm, f) -> Float64.classify(a)),
    CVT_W_S(Kind.S_TO_INTEGER, (a, b, c, rm, f) -> Float32.toInt32(unbox(a), rm, f)),
    CVT_W_D(Kind.D_TO_INTEGER, (a, b, c, rm, f) -> Float64.toInt32(a, rm, f)),
    CVT_WU_S(Kind.S_TO_INTEGER, (a, b, c, rm, f) -> Float32.toUInt32(unbox(a), rm, f)),
    CVT_WU_D(Kind.D_TO_INTEGER, (a, b, c, rm, f) -> Float64.toUInt32(a, rm, f)),
    CVT_L_S(Kind.S_TO_INTEGER, (a, b, c, rm, f) -> Float32.toInt64(unbox(a), rm, f)),
    CVT_L_D(Kind.D_TO_INTEGER, (a, b, c, rm, f) -> Float64.toInt64(a, rm, f)),
    CVT_LU_S(Kind.S_TO_INTEGER, (a, b, c, rm, f) -> Float32.toUInt64(unbox(a), rm, f)),
    CVT_LU_D(Kind.D_TO_INTEGER, (a, b, c, rm, f) -> Float64.toUInt64(a, rm, f)),
    CVT_S_W(Kind.INTEGER, (a, b, c, rm, f) -> box(Float32.fromInt32((int) a, rm, f))),
    CVT_D_W(Kind.INTEGER, (a, b, c, rm, f) -> Float64.fromInt32((int) a)),
    CVT_S_WU(Kind.INTEGER, (a, b, c, rm, f) -> box(Float32.fromUInt32((int) a, rm, f))),
    CVT_D_WU(Kind.INTEGER, (a, b, c, rm, f) -> Float64.fromUInt32((int) a)),
    CVT_S_L(Kind.INTEGER, (a, b, c, rm, f) -> box(Float32.fromInt64(a, rm, f))),
    CVT_D_L(Kind.INTEGER, (a, b, c, rm, f) -> Float64.fromInt64(a, rm, f)),
    CVT_S_LU(Kind.INTEGER, (a, b, c, rm, f) -> box(Float32.fromUInt64(a, rm, f))),
    CVT_D_LU(Kind.INTEGER, (a, b, c, rm, f) -> Float64.fromUInt64(a, rm, f)),
    CVT_S_D(Kind.D_TO_S, (a, b, c, rm, f) -> box(Float32.fromFloat64(a, rm, f))),
    CVT_D_S(Kind.S, (a, b, c, rm, f) -> Float64.fromFloat32(unbox(a), f));

    /// What the operands are, which decides what is worth trying.
    enum Kind { S, D, S_TO_INTEGER, D_TO_INTEGER, D_TO_S, INTEGER }

    /// Registers and a rounding mode in, a register out, flags accrued.
    interface Instruction {
        long execute(long a, long b, long c, int rm, FpFlags flags);
    }

    final Kind kind;
    private final Instruction instruction;

    FpOperation(Kind kind, Instruction instruction) {
        this.kind = kind;
        this.instruction = instruction;
    }

    long execute(long a, long b, long c, int rm, FpFlags flags) {
        return instruction.execute(a, b, c, rm, flags);
    }
}
