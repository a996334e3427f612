package io.sosia.appliance.machine.asm;

/// A small RV64GC assembler for test and benchmark programs: one method for each mnemonic, each appending one instruction.
///
/// Registers are numbers 0 to 31 (integer names in [Reg]); immediates and offsets are in bytes, and one out of range is an
/// [IllegalArgumentException]. Jumps and branches take a [Label], bound before or after.
public final class Assembler extends IntegerAssembler {

    /// @param base address of the first instruction
    public Assembler(long base) {
        super(base);
    }

    private void csr(int f3, int rd, int csr, int source) {
        word(unsigned(csr, 12) << 20 | unsigned(source, 5) << 15 | f3 << 12 | rd << 7 | 0x73);
    }

    public void csrrw(int rd, int csr, int rs1) {
        csr(1, rd, csr, rs1);
    }

    public void csrrs(int rd, int csr, int rs1) {
        csr(2, rd, csr, rs1);
    }

    public void csrrc(int rd, int csr, int rs1) {
        csr(3, rd, csr, rs1);
    }

    public void csrrwi(int rd, int csr, int bits) {
        csr(5, rd, csr, bits);
    }

    public void csrrsi(int rd, int csr, int bits) {
        csr(6, rd, csr, bits);
    }

    public void csrrci(int rd, int csr, int bits) {
        csr(7, rd, csr, bits);
    }

    public void csrr(int rd, int csr) {
        csrrs(rd, csr, 0);
    }

    public void csrw(int csr, int rs1) {
        csrrw(0, csr, rs1);
    }

    private void amo(int f5, int f3, int rd, int rs1, int rs2) {
        r(0x2f, f3, f5 << 2, rd, rs1, rs2);
    }

    public void lrW(int rd, int rs1) {
        amo(2, 2, rd, rs1, 0);
    }

    public void scW(int rd, int rs2, int rs1) {
        amo(3, 2, rd, rs1, rs2);
    }

    public void amoswapW(int rd, int rs2, int rs1) {
        amo(1, 2, rd, rs1, rs2);
    }

    public void amoaddW(int rd, int rs2, int rs1) {
        amo(0, 2, rd, rs1, rs2);
    }

    public void amoxorW(int rd, int rs2, int rs1) {
        amo(4, 2, rd, rs1, rs2);
    }

    public void amoandW(int rd, int rs2, int rs1) {
        amo(12, 2, rd, rs1, rs2);
    }

    public void amoorW(int rd, int rs2, int rs1) {
        amo(8, 2, rd, rs1, rs2);
    }

    public void amominW(int rd, int rs2, int rs1) {
        amo(16, 2, rd, rs1, rs2);
    }

    public void amomaxW(int rd, int rs2, int rs1) {
        amo(20, 2, rd, rs1, rs2);
    }

    public void amominuW(int rd, int rs2, int rs1) {
        amo(24, 2, rd, rs1, rs2);
    }

    public void amomaxuW(int rd, int rs2, int rs1) {
        amo(28, 2, rd, rs1, rs2);
    }

    public void lrD(int rd, int rs1) {
        amo(2, 3, rd, rs1, 0);
    }

    public void scD(int rd, int rs2, int rs1) {
        amo(3, 3, rd, rs1, rs2);
    }

    public void amoswapD(int rd, int rs2, int rs1) {
        amo(1, 3, rd, rs1, rs2);
    }

    public void amoaddD(int rd, int rs2, int rs1) {
        amo(0, 3, rd, rs1, rs2);
    }

    public void amoxorD(int rd, int rs2, int rs1) {
        amo(4, 3, rd, rs1, rs2);
    }

    public void amoandD(int rd, int rs2, int rs1) {
        amo(12, 3, rd, rs1, rs2);
    }

    public void amoorD(int rd, int rs2, int rs1) {
        amo(8, 3, rd, rs1, rs2);
    }

    public void amominD(int rd, int rs2, int rs1) {
        amo(16, 3, rd, rs1, rs2);
    }

    public void amomaxD(int rd, int rs2, int rs1) {
        amo(20, 3, rd, rs1, rs2);
    }

    public void amominuD(int rd, int rs2, int rs1) {
        amo(24, 3, rd, rs1, rs2);
    }

    public void amomaxuD(int rd, int rs2, int rs1) {
        amo(28, 3, rd, rs1, rs2);
    }

    public void flw(int fd, int rs1, long offset) {
        i(0x07, 2, fd, rs1, offset);
    }

    public void fld(int fd, int rs1, long offset) {
        i(0x07, 3, fd, rs1, offset);
    }

    public void fsw(int fs2, int rs1, long offset) {
        s(0x27, 2, fs2, rs1, offset);
    }

    public void fsd(int fs2, int rs1, long offset) {
        s(0x27, 3, fs2, rs1, offset);
    }

    public void fmaddS(int fd, int fs1, int fs2, int fs3, int rm) {
        r(0x43, rm, fs3 << 2 | 0, fd, fs1, fs2);
    }

    public void fmsubS(int fd, int fs1, int fs2, int fs3, int rm) {
        r(0x47, rm, fs3 << 2 | 0, fd, fs1, fs2);
    }

    public void fnmsubS(int fd, int fs1, int fs2, int fs3, int rm) {
        r(0x4b, rm, fs3 << 2 | 0, fd, fs1, fs2);
    }

    public void fnmaddS(int fd, int fs1, int fs2, int fs3, int rm) {
        r(0x4f, rm, fs3 << 2 | 0, fd, fs1, fs2);
    }

    public void faddS(int fd, int fs1, int fs2, int rm) {
        r(0x53, rm, 0, fd, fs1, fs2);
    }

    public void fsubS(int fd, int fs1, int fs2, int rm) {
        r(0x53, rm, 4, fd, fs1, fs2);
    }

    public void fmulS(int fd, int fs1, int fs2, int rm) {
        r(0x53, rm, 8, fd, fs1, fs2);
    }

    public void fdivS(int fd, int fs1, int fs2, int rm) {
        r(0x53, rm, 12, fd, fs1, fs2);
    }

    public void fsqrtS(int fd, int fs1, int rm) {
        r(0x53, rm, 44, fd, fs1, 0);
    }

    public void fsgnjS(int fd, int fs1, int fs2) {
        r(0x53, 0, 16, fd, fs1, fs2);
    }

    public void fsgnjnS(int fd, int fs1, int fs2) {
        r(0x53, 1, 16, fd, fs1, fs2);
    }

    public void fsgnjxS(int fd, int fs1, int fs2) {
        r(0x53, 2, 16, fd, fs1, fs2);
    }

    public void fminS(int fd, int fs1, int fs2) {
        r(0x53, 0, 20, fd, fs1, fs2);
    }

    public void fmaxS(int fd, int fs1, int fs2) {
        r(0x53, 1, 20, fd, fs1, fs2);
    }

    public void feqS(int rd, int fs1, int fs2) {
        r(0x53, 2, 80, rd, fs1, fs2);
    }

    public void fltS(int rd, int fs1, int fs2) {
        r(0x53, 1, 80, rd, fs1, fs2);
    }

    public void fleS(int rd, int fs1, int fs2) {
        r(0x53, 0, 80, rd, fs1, fs2);
    }

    public void fclassS(int rd, int fs1) {
        r(0x53, 1, 112, rd, fs1, 0);
    }

    public void fcvtWS(int rd, int fs1, int rm) {
        r(0x53, rm, 96, rd, fs1, 0);
    }

    public void fcvtSW(int fd, int rs1, int rm) {
        r(0x53, rm, 104, fd, rs1, 0);
    }

    public void fcvtWuS(int rd, int fs1, int rm) {
        r(0x53, rm, 96, rd, fs1, 1);
    }

    public void fcvtSWu(int fd, int rs1, int rm) {
        r(0x53, rm, 104, fd, rs1, 1);
    }

    public void fcvtLS(int rd, int fs1, int rm) {
        r(0x53, rm, 96, rd, fs1, 2);
    }

    public void fcvtSL(int fd, int rs1, int rm) {
        r(0x53, rm, 104, fd, rs1, 2);
    }

    public void fcvtLuS(int rd, int fs1, int rm) {
        r(0x53, rm, 96, rd, fs1, 3);
    }

    public void fcvtSLu(int fd, int rs1, int rm) {
        r(0x53, rm, 104, fd, rs1, 3);
    }

    public void fmaddD(int fd, int fs1, int fs2, int fs3, int rm) {
        r(0x43, rm, fs3 << 2 | 1, fd, fs1, fs2);
    }

    public void fmsubD(int fd, int fs1, int fs2, int fs3, int rm) {
        r(0x47, rm, fs3 << 2 | 1, fd, fs1, fs2);
    }

    public void fnmsubD(int fd, int fs1, int fs2, int fs3, int rm) {
        r(0x4b, rm, fs3 << 2 | 1, fd, fs1, fs2);
    }

    public void fnmaddD(int fd, int fs1, int fs2, int fs3, int rm) {
        r(0x4f, rm, fs3 << 2 | 1, fd, fs1, fs2);
    }

    public void faddD(int fd, int fs1, int fs2, int rm) {
        r(0x53, rm, 1, fd, fs1, fs2);
    }

    public void fsubD(int fd, int fs1, int fs2, int rm) {
        r(0x53, rm, 5, fd, fs1, fs2);
    }

    public void fmulD(int fd, int fs1, int fs2, int rm) {
        r(0x53, rm, 9, fd, fs1, fs2);
    }

    public void fdivD(int fd, int fs1, int fs2, int rm) {
        r(0x53, rm, 13, fd, fs1, fs2);
    }

    public void fsqrtD(int fd, int fs1, int rm) {
        r(0x53, rm, 45, fd, fs1, 0);
    }

    public void fsgnjD(int fd, int fs1, int fs2) {
        r(0x53, 0, 17, fd, fs1, fs2);
    }

    public void fsgnjnD(int fd, int fs1, int fs2) {
        r(0x53, 1, 17, fd, fs1, fs2);
    }

    public void fsgnjxD(int fd, int fs1, int fs2) {
        r(0x53, 2, 17, fd, fs1, fs2);
    }

    public void fminD(int fd, int fs1, int fs2) {
        r(0x53, 0, 21, fd, fs1, fs2);
    }

    public void fmaxD(int fd, int fs1, int fs2) {
        r(0x53, 1, 21, fd, fs1, fs2);
    }

    public void feqD(int rd, int fs1, int fs2) {
        r(0x53, 2, 81, rd, fs1, fs2);
    }

    public void fltD(int rd, int fs1, int fs2) {
        r(0x53, 1, 81, rd, fs1, fs2);
    }

    public void fleD(int rd, int fs1, int fs2) {
        r(0x53, 0, 81, rd, fs1, fs2);
    }

    public void fclassD(int rd, int fs1) {
        r(0x53, 1, 113, rd, fs1, 0);
    }

    public void fcvtWD(int rd, int fs1, int rm) {
        r(0x53, rm, 97, rd, fs1, 0);
    }

    public void fcvtDW(int fd, int rs1, int rm) {
        r(0x53, rm, 105, fd, rs1, 0);
    }

    public void fcvtWuD(int rd, int fs1, int rm) {
        r(0x53, rm, 97, rd, fs1, 1);
    }

    public void fcvtDWu(int fd, int rs1, int rm) {
        r(0x53, rm, 105, fd, rs1, 1);
    }

    public void fcvtLD(int rd, int fs1, int rm) {
        r(0x53, rm, 97, rd, fs1, 2);
    }

    public void fcvtDL(int fd, int rs1, int rm) {
        r(0x53, rm, 105, fd, rs1, 2);
    }

    public void fcvtLuD(int rd, int fs1, int rm) {
        r(0x53, rm, 97, rd, fs1, 3);
    }

    public void fcvtDLu(int fd, int rs1, int rm) {
        r(0x53, rm, 105, fd, rs1, 3);
    }

    public void fcvtSD(int fd, int fs1, int rm) {
        r(0x53, rm, 32, fd, fs1, 1);
    }

    public void fcvtDS(int fd, int fs1, int rm) {
        r(0x53, rm, 33, fd, fs1, 0);
    }

    public void fmvXW(int rd, int fs1) {
        r(0x53, 0, 112, rd, fs1, 0);
    }

    public void fmvXD(int rd, int fs1) {
        r(0x53, 0, 113, rd, fs1, 0);
    }

    public void fmvWX(int fd, int rs1) {
        r(0x53, 0, 120, fd, rs1, 0);
    }

    public void fmvDX(int fd, int rs1) {
        r(0x53, 0, 121, fd, rs1, 0);
    }

    public void cNop() {
        half(0x0001);
    }

    public void cEbreak() {
        half(0x9002);
    }

    public void cAddi(int rd, int imm) {
        half(0 << 13 | (signed(imm, 6) >> 5 & 1) << 12 | rd << 7 | (imm & 31) << 2 | 1);
    }

    public void cAddiw(int rd, int imm) {
        half(1 << 13 | (signed(imm, 6) >> 5 & 1) << 12 | rd << 7 | (imm & 31) << 2 | 1);
    }

    public void cLi(int rd, int imm) {
        half(2 << 13 | (signed(imm, 6) >> 5 & 1) << 12 | rd << 7 | (imm & 31) << 2 | 1);
    }

    public void cSlli(int rd, int amount) {
        half((unsigned(amount, 6) >> 5) << 12 | rd << 7 | (amount & 31) << 2 | 2);
    }

    public void cMv(int rd, int rs2) {
        half(4 << 13 | rd << 7 | rs2 << 2 | 2);
    }

    public void cAdd(int rd, int rs2) {
        half(9 << 12 | rd << 7 | rs2 << 2 | 2);
    }

    public void cJr(int rs1) {
        half(4 << 13 | rs1 << 7 | 2);
    }

    public void cJalr(int rs1) {
        half(9 << 12 | rs1 << 7 | 2);
    }
}
