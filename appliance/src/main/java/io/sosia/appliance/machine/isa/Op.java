package io.sosia.appliance.machine.isa;

/// Operation numbers of decoded instructions, and the layout of the 64-bit word an instruction is decoded to.
///
/// | bits | content |
/// |---|---|
/// | 0-7 | operation, one of the constants here |
/// | 8-15 | `rd`; integer destinations `x0` become [#SINK], so that engines never test for it |
/// | 16-23 | `rs1` |
/// | 24-28 | `rs2` |
/// | 30-31 | length in halfwords, 1 or 2 |
/// | 32-63 | immediate, signed; of [#FLOAT], [#AMO] and [#CSR] the 32-bit instruction itself |
///
/// Operations below [#HOT_END] are integer instructions that cannot trap except by a memory access or a jump.
public final class Op {

    /// Number of the register that swallows writes to `x0`: engines keep 64 registers.
    public static final int SINK = 32;

    public static final int RD_SHIFT = 8;
    public static final int RS1_SHIFT = 16;
    public static final int RS2_SHIFT = 24;
    public static final int LENGTH_SHIFT = 30;
    public static final int IMMEDIATE_SHIFT = 32;

    /// Slot not decoded yet: all zero.
    public static final int UNDECODED = 0;
    /// Behind the last slot of a page.
    public static final int PAGE_END = 1;
    /// A 4-byte instruction whose second half lies in the next page: a sign in the place of its operation, too.
    public static final int CROSSING = 2;

    /// Where translated code begins: no instruction, but a sign that an engine puts in the place of its operation.
    public static final int TRANSLATED = 3;

    public static final int AUIPC = 4;
    public static final int JAL = 5;
    public static final int JALR = 6;
    public static final int BEQ = 7;
    public static final int BNE = 8;
    public static final int BLT = 9;
    public static final int BGE = 10;
    public static final int BLTU = 11;
    public static final int BGEU = 12;
    public static final int LB = 13;
    public static final int LH = 14;
    public static final int LW = 15;
    public static final int LD = 16;
    public static final int LBU = 17;
    public static final int LHU = 18;
    public static final int LWU = 19;
    public static final int SB = 20;
    public static final int SH = 21;
    public static final int SW = 22;
    public static final int SD = 23;
    public static final int ADDI = 24;
    public static final int SLTI = 25;
    public static final int SLTIU = 26;
    public static final int XORI = 27;
    public static final int ORI = 28;
    public static final int ANDI = 29;
    public static final int SLLI = 30;
    public static final int SRLI = 31;
    public static final int SRAI = 32;
    public static final int ADDIW = 33;
    public static final int SLLIW = 34;
    public static final int SRLIW = 35;
    public static final int SRAIW = 36;
    public static final int ADD = 37;
    public static final int SUB = 38;
    public static final int SLL = 39;
    public static final int SLT = 40;
    public static final int SLTU = 41;
    public static final int XOR = 42;
    public static final int SRL = 43;
    public static final int SRA = 44;
    public static final int OR = 45;
    public static final int AND = 46;
    public static final int ADDW = 47;
    public static final int SUBW = 48;
    public static final int SLLW = 49;
    public static final int SRLW = 50;
    public static final int SRAW = 51;
    public static final int MUL = 52;
    public static final int MULH = 53;
    public static final int MULHSU = 54;
    public static final int MULHU = 55;
    public static final int DIV = 56;
    public static final int DIVU = 57;
    public static final int REM = 58;
    public static final int REMU = 59;
    public static final int MULW = 60;
    public static final int DIVW = 61;
    public static final int DIVUW = 62;
    public static final int REMW = 63;
    public static final int REMUW = 64;
    /// Does nothing: `fence`, `fence.i` (code caches are coherent), hints.
    public static final int NOP = 65;
    /// Loads the immediate.
    public static final int LI = 66;
    /// Copies `rs1`.
    public static final int MV = 67;

    public static final int HOT_END = 68;

    public static final int FLW = 68;
    public static final int FLD = 69;
    public static final int FSW = 70;
    public static final int FSD = 71;
    /// Floating-point computation; the immediate is the instruction.
    public static final int FLOAT = 72;
    /// `lr`, `sc` and atomic memory operations; the immediate is the instruction.
    public static final int AMO = 73;
    /// Zicsr; the immediate is the instruction.
    public static final int CSR = 74;
    public static final int ECALL = 75;
    public static final int EBREAK = 76;
    public static final int SRET = 77;
    public static final int WFI = 78;
    public static final int SFENCE_VMA = 79;
    public static final int ILLEGAL = 80;

    private Op() {}

    /// A decoded word with another operation, all else as it was.
    public static long withOp(long word, int op) {
        return word & ~0xffL | op;
    }

    /// The operation of a decoded word.
    public static int op(long word) {
        return (int) word & 0xff;
    }

    /// Destination register, 0 to 31, or [#SINK].
    public static int rd(long word) {
        return (int) word >>> RD_SHIFT & 63;
    }

    /// First source register.
    public static int rs1(long word) {
        return (int) word >>> RS1_SHIFT & 31;
    }

    /// Second source register.
    public static int rs2(long word) {
        return (int) word >>> RS2_SHIFT & 31;
    }

    /// Length in halfwords, 1 or 2.
    public static int length(long word) {
        return (int) word >>> LENGTH_SHIFT;
    }

    /// The immediate, sign-extended.
    public static int immediate(long word) {
        return (int) (word >> IMMEDIATE_SHIFT);
    }
}
