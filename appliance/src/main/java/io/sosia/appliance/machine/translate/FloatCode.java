package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.FloatEncoding;
import io.sosia.appliance.machine.isa.Op;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/// Writes the floating-point computations of a region. Their registers are at home always.
final class FloatCode {

    private static final ClassDesc ACCESS = ClassDesc.of(GuestAccess.class.getName());
    private static final MethodTypeDesc COMPUTE = MethodTypeDesc.ofDescriptor("(I)V");
    private static final MethodTypeDesc BITS = MethodTypeDesc.ofDescriptor("(I)J");
    private static final MethodTypeDesc SET = MethodTypeDesc.ofDescriptor("(JI)V");
    private static final int OP_FP = 0x53;

    private final CodeBuilder code;
    private final GuestRegisters registers;

    FloatCode(CodeBuilder code, GuestRegisters registers) {
        this.code = code;
        this.registers = registers;
    }

    /// Pushes a register's bits.
    void get(int register) {
        code.loadConstant(register).invokestatic(ACCESS, "floatBits", BITS);
    }

    /// Pops a register's new value: a single, whose upper bits do not count, or a double.
    void set(int register, boolean single) {
        code.loadConstant(register).invokestatic(ACCESS, single ? "setSingle" : "setDouble", SET);
    }

    /// Writes an [Op#FLOAT], before which [GuestAccess#floatsReady] has been asked.
    void compute(long word) {
        int i = Op.immediate(word);
        boolean single = (i >>> 25 & 3) == 0;
        int function = i >>> 12 & 7;
        int from = i >>> 15 & 31;
        String direct = direct(i);
        if (direct != null) {
            code.loadConstant(i).invokestatic(ACCESS, direct + (single ? "32" : "64"), COMPUTE);
        } else if (isMoveToInteger(i, function)) {
            if (Op.rd(word) != Op.SINK) {
                get(from);
                if (single) {
                    code.l2i().i2l();
                }
                registers.set(Op.rd(word));
            }
        } else if ((i & 127) == OP_FP && i >>> 27 == FloatEncoding.MOVE_FROM_INTEGER) {
            registers.get(from);
            set(i >>> 7 & 31, single);
        } else if (!single && isCopy(i, function)) {
            get(from);
            set(i >>> 7 & 31, false);
        } else {
            registers.end();
            code.loadConstant(i).invokestatic(ACCESS, "compute", COMPUTE);
            registers.changed(RegisterUse.written(word) & ~1);
        }
    }

    private static String direct(int i) {
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

    private static boolean isMoveToInteger(int i, int function) {
        return (i & 127) == OP_FP && i >>> 27 == FloatEncoding.MOVE_OR_CLASSIFY && function == 0;
    }

    /// A sign taken from the register itself.
    private static boolean isCopy(int i, int function) {
        return (i & 127) == OP_FP && i >>> 27 == FloatEncoding.SIGN && function == 0 && (i >>> 15 & 31) == (i >>> 20 & 31);
    }
}
