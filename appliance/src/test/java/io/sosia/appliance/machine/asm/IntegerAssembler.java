package io.sosia.appliance.machine.asm;

/// RV64IM and S-mode.
public abstract class IntegerAssembler extends Encoding {

    IntegerAssembler(long base) {
        super(base);
    }

    /// Loads any 64-bit constant, in as many instructions as it takes.
    public final void li(int rd, long value) {
        int low = (int) value << 20 >> 20;
        if (value == (int) value) {
            int high = (int) value - low;
            if (high == 0) {
                addi(rd, 0, low);
                return;
            }
            lui(rd, high);
            if (low != 0) {
                addiw(rd, rd, low);
            }
            return;
        }
        long rest = value - low >> 12;
        int zeroes = Long.numberOfTrailingZeros(rest);
        li(rd, rest >> zeroes);
        slli(rd, rd, 12 + zeroes);
        if (low != 0) {
            addi(rd, rd, low);
        }
    }

    /// @param bits the value loaded, its low 12 bits zero
    public final void lui(int rd, int bits) {
        word(bits & 0xffff_f000 | rd << 7 | 0x37);
    }

    /// @param bits what is added to the pc, its low 12 bits zero
    public final void auipc(int rd, int bits) {
        word(bits & 0xffff_f000 | rd << 7 | 0x17);
    }

    public final void jal(int rd, Label to) {
        jump(rd, to);
    }

    public final void j(Label to) {
        jal(0, to);
    }

    public final void jalr(int rd, int rs1, long offset) {
        i(0x67, 0, rd, rs1, offset);
    }

    public final void ret() {
        jalr(0, Reg.RA, 0);
    }

    public final void nop() {
        addi(0, 0, 0);
    }

    public final void mv(int rd, int rs1) {
        addi(rd, rs1, 0);
    }

    public final void beq(int rs1, int rs2, Label to) {
        b(0, rs1, rs2, to);
    }

    public final void bne(int rs1, int rs2, Label to) {
        b(1, rs1, rs2, to);
    }

    public final void blt(int rs1, int rs2, Label to) {
        b(4, rs1, rs2, to);
    }

    public final void bge(int rs1, int rs2, Label to) {
        b(5, rs1, rs2, to);
    }

    public final void bltu(int rs1, int rs2, Label to) {
        b(6, rs1, rs2, to);
    }

    public final void bgeu(int rs1, int rs2, Label to) {
        b(7, rs1, rs2, to);
    }

    public final void lb(int rd, int rs1, long offset) {
        i(0x03, 0, rd, rs1, offset);
    }

    public final void lh(int rd, int rs1, long offset) {
        i(0x03, 1, rd, rs1, offset);
    }

    public final void lw(int rd, int rs1, long offset) {
        i(0x03, 2, rd, rs1, offset);
    }

    public final void ld(int rd, int rs1, long offset) {
        i(0x03, 3, rd, rs1, offset);
    }

    public final void lbu(int rd, int rs1, long offset) {
        i(0x03, 4, rd, rs1, offset);
    }

    public final void lhu(int rd, int rs1, long offset) {
        i(0x03, 5, rd, rs1, offset);
    }

    public final void lwu(int rd, int rs1, long offset) {
        i(0x03, 6, rd, rs1, offset);
    }

    public final void sb(int rs2, int rs1, long offset) {
        s(0x23, 0, rs2, rs1, offset);
    }

    public final void sh(int rs2, int rs1, long offset) {
        s(0x23, 1, rs2, rs1, offset);
    }

    public final void sw(int rs2, int rs1, long offset) {
        s(0x23, 2, rs2, rs1, offset);
    }

    public final void sd(int rs2, int rs1, long offset) {
        s(0x23, 3, rs2, rs1, offset);
    }

    public final void addi(int rd, int rs1, long imm) {
        i(0x13, 0, rd, rs1, imm);
    }

    public final void slti(int rd, int rs1, long imm) {
        i(0x13, 2, rd, rs1, imm);
    }

    public final void sltiu(int rd, int rs1, long imm) {
        i(0x13, 3, rd, rs1, imm);
    }

    public final void xori(int rd, int rs1, long imm) {
        i(0x13, 4, rd, rs1, imm);
    }

    public final void ori(int rd, int rs1, long imm) {
        i(0x13, 6, rd, rs1, imm);
    }

    public final void andi(int rd, int rs1, long imm) {
        i(0x13, 7, rd, rs1, imm);
    }

    public final void addiw(int rd, int rs1, long imm) {
        i(0x1b, 0, rd, rs1, imm);
    }

    public final void slli(int rd, int rs1, int amount) {
        i(0x13, 1, rd, rs1, unsigned(amount, 6));
    }

    public final void srli(int rd, int rs1, int amount) {
        i(0x13, 5, rd, rs1, unsigned(amount, 6));
    }

    public final void srai(int rd, int rs1, int amount) {
        i(0x13, 5, rd, rs1, unsigned(amount, 6) | 0x400);
    }

    public final void slliw(int rd, int rs1, int amount) {
        i(0x1b, 1, rd, rs1, unsigned(amount, 5));
    }

    public final void srliw(int rd, int rs1, int amount) {
        i(0x1b, 5, rd, rs1, unsigned(amount, 5));
    }

    public final void sraiw(int rd, int rs1, int amount) {
        i(0x1b, 5, rd, rs1, unsigned(amount, 5) | 0x400);
    }

    public final void add(int rd, int rs1, int rs2) {
        r(0x33, 0, 0, rd, rs1, rs2);
    }

    public final void sub(int rd, int rs1, int rs2) {
        r(0x33, 0, 32, rd, rs1, rs2);
    }

    public final void sll(int rd, int rs1, int rs2) {
        r(0x33, 1, 0, rd, rs1, rs2);
    }

    public final void slt(int rd, int rs1, int rs2) {
        r(0x33, 2, 0, rd, rs1, rs2);
    }

    public final void sltu(int rd, int rs1, int rs2) {
        r(0x33, 3, 0, rd, rs1, rs2);
    }

    public final void xor(int rd, int rs1, int rs2) {
        r(0x33, 4, 0, rd, rs1, rs2);
    }

    public final void srl(int rd, int rs1, int rs2) {
        r(0x33, 5, 0, rd, rs1, rs2);
    }

    public final void sra(int rd, int rs1, int rs2) {
        r(0x33, 5, 32, rd, rs1, rs2);
    }

    public final void or(int rd, int rs1, int rs2) {
        r(0x33, 6, 0, rd, rs1, rs2);
    }

    public final void and(int rd, int rs1, int rs2) {
        r(0x33, 7, 0, rd, rs1, rs2);
    }

    public final void mul(int rd, int rs1, int rs2) {
        r(0x33, 0, 1, rd, rs1, rs2);
    }

    public final void mulh(int rd, int rs1, int rs2) {
        r(0x33, 1, 1, rd, rs1, rs2);
    }

    public final void mulhsu(int rd, int rs1, int rs2) {
        r(0x33, 2, 1, rd, rs1, rs2);
    }

    public final void mulhu(int rd, int rs1, int rs2) {
        r(0x33, 3, 1, rd, rs1, rs2);
    }

    public final void div(int rd, int rs1, int rs2) {
        r(0x33, 4, 1, rd, rs1, rs2);
    }

    public final void divu(int rd, int rs1, int rs2) {
        r(0x33, 5, 1, rd, rs1, rs2);
    }

    public final void rem(int rd, int rs1, int rs2) {
        r(0x33, 6, 1, rd, rs1, rs2);
    }

    public final void remu(int rd, int rs1, int rs2) {
        r(0x33, 7, 1, rd, rs1, rs2);
    }

    public final void addw(int rd, int rs1, int rs2) {
        r(0x3b, 0, 0, rd, rs1, rs2);
    }

    public final void subw(int rd, int rs1, int rs2) {
        r(0x3b, 0, 32, rd, rs1, rs2);
    }

    public final void sllw(int rd, int rs1, int rs2) {
        r(0x3b, 1, 0, rd, rs1, rs2);
    }

    public final void srlw(int rd, int rs1, int rs2) {
        r(0x3b, 5, 0, rd, rs1, rs2);
    }

    public final void sraw(int rd, int rs1, int rs2) {
        r(0x3b, 5, 32, rd, rs1, rs2);
    }

    public final void mulw(int rd, int rs1, int rs2) {
        r(0x3b, 0, 1, rd, rs1, rs2);
    }

    public final void divw(int rd, int rs1, int rs2) {
        r(0x3b, 4, 1, rd, rs1, rs2);
    }

    public final void divuw(int rd, int rs1, int rs2) {
        r(0x3b, 5, 1, rd, rs1, rs2);
    }

    public final void remw(int rd, int rs1, int rs2) {
        r(0x3b, 6, 1, rd, rs1, rs2);
    }

    public final void remuw(int rd, int rs1, int rs2) {
        r(0x3b, 7, 1, rd, rs1, rs2);
    }

    public final void fence() {
        word(0x0ff0000f);
    }

    public final void fenceI() {
        word(0x0000100f);
    }

    public final void ecall() {
        word(0x00000073);
    }

    public final void ebreak() {
        word(0x00100073);
    }

    public final void sret() {
        word(0x10200073);
    }

    public final void wfi() {
        word(0x10500073);
    }

    public final void sfenceVma(int rs1, int rs2) {
        r(0x73, 0, 9, 0, rs1, rs2);
    }
}
