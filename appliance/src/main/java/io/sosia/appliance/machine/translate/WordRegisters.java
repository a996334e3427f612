package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.isa.Op;

/// Which registers hold a word, that is 32 bits with their sign, as the instructions on words leave them.
///
/// What combines two of them is written in ints: from shifts and `or` the JVM's compiler then makes a rotation.
final class WordRegisters {

    private int registers = 1;

    /// Nothing is known of any but `x0`.
    void forget() {
        registers = 1;
    }

    /// Whether both operands of an instruction are words.
    boolean areBoth(long word) {
        return holds(Op.rs1(word)) && holds(Op.rs2(word));
    }

    private boolean holds(int register) {
        return (registers >>> register & 1) != 0;
    }

    /// An instruction has been written.
    void after(long word) {
        boolean gives = switch (Op.op(word)) {
            case Op.LI, Op.LB, Op.LBU, Op.LH, Op.LHU, Op.LW, Op.SLTI, Op.SLTIU, Op.SLT, Op.SLTU, Op.ADDIW, Op.SLLIW, Op.SRLIW, Op.SRAIW,
                 Op.ADDW, Op.SUBW, Op.SLLW, Op.SRLW, Op.SRAW, Op.MULW, Op.DIVW, Op.DIVUW, Op.REMW, Op.REMUW -> true;
            case Op.MV, Op.XORI, Op.ORI, Op.ANDI -> holds(Op.rs1(word));
            case Op.XOR, Op.OR, Op.AND -> areBoth(word);
            default -> false;
        };
        int written = RegisterUse.written(word);
        registers = gives ? registers | written : registers & ~written;
    }
}
