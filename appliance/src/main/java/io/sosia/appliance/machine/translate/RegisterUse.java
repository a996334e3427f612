package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.FloatEncoding;
import io.sosia.appliance.machine.isa.Op;

/// Which integer registers a decoded instruction reads and writes, as bits.
final class RegisterUse {

    private RegisterUse() {}

    /// Bits of the registers read; more than are read is no fault.
    static int read(long word) {
        return switch (Op.op(word)) {
            case Op.LI, Op.AUIPC, Op.JAL, Op.NOP, Op.SFENCE_VMA -> 0;
            case Op.LB, Op.LH, Op.LW, Op.LD, Op.LBU, Op.LHU, Op.LWU, Op.ADDI, Op.SLTI, Op.SLTIU, Op.XORI, Op.ORI, Op.ANDI,
                 Op.SLLI, Op.SRLI, Op.SRAI, Op.ADDIW, Op.SLLIW, Op.SRLIW, Op.SRAIW, Op.MV, Op.JALR, Op.FLW, Op.FLD, Op.FSW,
                 Op.FSD, Op.FLOAT, Op.CSR -> 1 << Op.rs1(word);
            default -> 1 << Op.rs1(word) | 1 << Op.rs2(word);
        };
    }

    /// Bits of the registers written; none for `x0`.
    static int written(long word) {
        int op = Op.op(word);
        boolean writes = switch (op) {
            case Op.BEQ, Op.BNE, Op.BLT, Op.BGE, Op.BLTU, Op.BGEU, Op.SB, Op.SH, Op.SW, Op.SD, Op.NOP, Op.FLW, Op.FLD, Op.FSW,
                 Op.FSD, Op.SFENCE_VMA -> false;
            case Op.FLOAT -> FloatEncoding.writesInteger(Op.immediate(word));
            default -> Op.rd(word) != Op.SINK;
        };
        return writes ? 1 << Op.rd(word) : 0;
    }
}
