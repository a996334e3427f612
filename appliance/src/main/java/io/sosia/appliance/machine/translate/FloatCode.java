package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.fpu.FpRounding;
import io.sosia.appliance.machine.isa.FloatEncoding;
import io.sosia.appliance.machine.isa.Op;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/// Writes the floating-point instructions of a region. Their registers are at home always.
///
/// What has to be so for them to be executed here is asked once, and not again before a block that others may jump to or an
/// instruction that may change it.
final class FloatCode {

    private static final ClassDesc FLOATS = ClassDesc.of(GuestFloats.class.getName());
    private static final MethodTypeDesc TEST = MethodTypeDesc.ofDescriptor("()Z");
    private static final MethodTypeDesc BOUND = MethodTypeDesc.ofDescriptor("()J");
    private static final MethodTypeDesc COMPUTE = MethodTypeDesc.ofDescriptor("(I)V");
    private static final MethodTypeDesc COMPUTE_BELOW = MethodTypeDesc.ofDescriptor("(IJ)V");
    private static final MethodTypeDesc GET = MethodTypeDesc.ofDescriptor("(I)J");
    private static final MethodTypeDesc GET_BELOW = MethodTypeDesc.ofDescriptor("(IJ)J");
    private static final MethodTypeDesc SET = MethodTypeDesc.ofDescriptor("(JI)V");
    private static final MethodTypeDesc SET_BELOW = MethodTypeDesc.ofDescriptor("(JIJ)V");
    private static final int OP_FP = 0x53;

    /// What has been asked.
    private static final int NOTHING = 0;
    private static final int READABLE = 1;
    private static final int WRITABLE = 2;

    private final CodeBuilder code;
    private final GuestRegisters registers;
    private final int boundLocal;
    private int asked;
    private boolean boundKnown;

    /// @param boundLocal the local variable for [GuestFloats#bound]
    FloatCode(CodeBuilder code, GuestRegisters registers, int boundLocal) {
        this.code = code;
        this.registers = registers;
        this.boundLocal = boundLocal;
    }

    /// What was asked may have changed.
    void forget() {
        asked = NOTHING;
        boundKnown = false;
    }

    /// Whether [#ask] writes anything.
    boolean asks(long word) {
        return asked < needed(word);
    }

    /// Leaves when the instruction is the interpreter's.
    void ask(long word, Label leave) {
        asked = needed(word);
        code.invokestatic(FLOATS, asked == WRITABLE ? "writable" : "readable", TEST).ifeq(leave);
    }

    private static int needed(long word) {
        return switch (Op.op(word)) {
            case Op.FSW, Op.FSD -> READABLE;
            case Op.FLOAT -> isMoveToInteger(Op.immediate(word)) ? READABLE : WRITABLE;
            default -> WRITABLE;
        };
    }

    /// Pushes a register's bits.
    void get(int register) {
        code.loadConstant(register).invokestatic(FLOATS, "get", GET);
    }

    /// Pops a register's new value: a single, whose upper bits do not count, or a double.
    void set(int register, boolean single) {
        code.loadConstant(register).invokestatic(FLOATS, single ? "setSingle" : "setDouble", SET);
    }

    /// Writes an [Op#FLOAT].
    void compute(long word) {
        int i = Op.immediate(word);
        boolean single = (i >>> 25 & 3) == 0;
        int from = i >>> 15 & 31;
        if (isMoveToInteger(i)) {
            if (Op.rd(word) != Op.SINK) {
                get(from);
                if (single) {
                    code.l2i().i2l();
                }
                registers.set(Op.rd(word));
            }
            return;
        }
        if ((i & 127) == OP_FP && i >>> 27 == FloatEncoding.MOVE_FROM_INTEGER) {
            registers.get(from);
            set(i >>> 7 & 31, single);
            return;
        }
        String arithmetic = arithmetic(i);
        if (single && arithmetic != null) {
            code.loadConstant(i).invokestatic(FLOATS, arithmetic + "32", COMPUTE);
        } else if (single || !twice(word, i, arithmetic)) {
            registers.end();
            code.loadConstant(i).invokestatic(FLOATS, "computeSlowly", COMPUTE);
            registers.changed(RegisterUse.written(word) & ~1);
        }
    }

    /// @return whether it was one of the frequent ones in double precision, and is written
    private boolean twice(long word, int i, String arithmetic) {
        String plain = (i & 127) != OP_FP ? fused(i) : i >>> 27 == FloatEncoding.SQRT ? "sqrt" : arithmetic;
        if (plain != null) {
            if (!roundsToNearest(i)) {
                return false;
            }
            below(i);
            code.invokestatic(FLOATS, plain + "64", COMPUTE_BELOW);
            return true;
        }
        int width = i >>> 20 & 31;
        switch (i >>> 27) {
            case FloatEncoding.SIGN -> code.loadConstant(i).invokestatic(FLOATS, "sign64", COMPUTE);
            case FloatEncoding.COMPARE -> {
                code.loadConstant(i).invokestatic(FLOATS, compare(i), GET);
                give(word);
            }
            case FloatEncoding.TO_INTEGER -> {
                if ((width & 1) != 0 || (i >>> 12 & 7) != FpRounding.RTZ) {
                    return false;
                }
                below(i);
                code.invokestatic(FLOATS, width == 0 ? "toWord64" : "toLong64", GET_BELOW);
                give(word);
            }
            case FloatEncoding.FROM_INTEGER -> {
                if ((width & 1) != 0 || width == 2 && !roundsToNearest(i)) {
                    return false;
                }
                registers.get(i >>> 15 & 31);
                if (width == 0) {
                    code.loadConstant(i).invokestatic(FLOATS, "fromWord64", SET);
                } else {
                    below(i);
                    code.invokestatic(FLOATS, "fromLong64", SET_BELOW);
                }
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /// Pushes the instruction and the bound of settled results.
    private void below(int i) {
        if (!boundKnown) {
            boundKnown = true;
            code.invokestatic(FLOATS, "bound", BOUND).lstore(boundLocal);
        }
        code.loadConstant(i).lload(boundLocal);
    }

    /// Pops the integer register's new value.
    private void give(long word) {
        if (Op.rd(word) == Op.SINK) {
            code.pop2();
        } else {
            registers.set(Op.rd(word));
        }
    }

    private static boolean roundsToNearest(int i) {
        int mode = i >>> 12 & 7;
        return mode == FpRounding.RNE || mode == FloatEncoding.DYNAMIC;
    }

    private static String arithmetic(int i) {
        if ((i & 127) != OP_FP) {
            return null;
        }
        return switch (i >>> 27) {
            case FloatEncoding.ADD -> "add";
            case FloatEncoding.SUB -> "sub";
            case FloatEncoding.MUL -> "mul";
            case FloatEncoding.DIV -> "div";
            default -> null;
        };
    }

    private static String fused(int i) {
        return switch (i & 127) {
            case 0x43 -> "fmadd";
            case 0x47 -> "fmsub";
            case 0x4b -> "fnmsub";
            case 0x4f -> "fnmadd";
            default -> null;
        };
    }

    private static String compare(int i) {
        return switch (i >>> 12 & 3) {
            case 0 -> "lessOrEqual64";
            case 1 -> "less64";
            default -> "equal64";
        };
    }

    private static boolean isMoveToInteger(int i) {
        return (i & 127) == OP_FP && i >>> 27 == FloatEncoding.MOVE_OR_CLASSIFY && (i >>> 12 & 7) == 0;
    }
}
