package io.sosia.appliance.machine.isa;

/// Decodes instructions of RV64GC with S-mode into the words described at [Op].
///
/// What an encoding means never depends on the state of the hart: `sstatus.FS`, the privilege and the dynamic rounding mode
/// are looked at when it is executed.
public final class Decoder {

    private static final int[] BRANCHES = {Op.BEQ, Op.BNE, 0, 0, Op.BLT, Op.BGE, Op.BLTU, Op.BGEU};
    private static final int[] LOADS = {Op.LB, Op.LH, Op.LW, Op.LD, Op.LBU, Op.LHU, Op.LWU, 0};
    private static final int[] STORES = {Op.SB, Op.SH, Op.SW, Op.SD, 0, 0, 0, 0};
    private static final int[] IMMEDIATES = {Op.ADDI, 0, Op.SLTI, Op.SLTIU, Op.XORI, 0, Op.ORI, Op.ANDI};
    private static final int[] REGISTERS = {Op.ADD, Op.SLL, Op.SLT, Op.SLTU, Op.XOR, Op.SRL, Op.OR, Op.AND};
    private static final int[] REGISTERS_32 = {Op.ADDW, Op.SLLW, 0, 0, 0, Op.SRLW, 0, 0};
    private static final int[] PRODUCTS =
            {Op.MUL, Op.MULH, Op.MULHSU, Op.MULHU, Op.DIV, Op.DIVU, Op.REM, Op.REMU};
    private static final int[] PRODUCTS_32 = {Op.MULW, 0, 0, 0, Op.DIVW, Op.DIVUW, Op.REMW, Op.REMUW};

    /// `funct5` of the A extension's operations, `lr` included.
    private static final int ATOMICS =
            1 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 8 | 1 << 12 | 1 << 16 | 1 << 20 | 1 << 24 | 1 << 28;

    private static final int ECALL = 0x0000_0073;
    private static final int EBREAK = 0x0010_0073;
    private static final int SRET = 0x1020_0073;
    private static final int WFI = 0x1050_0073;
    private static final int SFENCE_VMA = 0x1200_0073;

    private Decoder() {}

    /// Decodes the instruction whose first halfword is in the low 16 bits of `bits`; the upper half counts only if the
    /// lowest two bits are set.
    public static long decode(int bits) {
        if ((bits & 3) == 3) {
            return decode(bits, 2);
        }
        return decode(Compressed.expand(bits & 0xffff), 1);
    }

    private static long decode(int i, int length) {
        int rd = i >>> 7 & 31;
        int rs1 = i >>> 15 & 31;
        int rs2 = i >>> 20 & 31;
        int function = i >>> 12 & 7;
        int target = rd == 0 ? Op.SINK : rd;
        long registers = word(0, target, rs1, rs2, length, 0);
        return switch (i & 127) {
            case 0x37 -> word(Op.LI, target, 0, 0, length, i & 0xffff_f000);
            case 0x17 -> word(Op.AUIPC, target, 0, 0, length, i & 0xffff_f000);
            case 0x6f -> word(Op.JAL, target, 0, 0, length, jumpOffset(i));
            case 0x67 -> with(function == 0 ? Op.JALR : 0, registers, i >> 20);
            case 0x63 -> with(BRANCHES[function], registers, branchOffset(i));
            case 0x03 -> with(LOADS[function], registers, i >> 20);
            case 0x23 -> with(STORES[function], registers, storeOffset(i));
            case 0x13 -> immediate(i, function, registers);
            case 0x1b -> immediate32(i, function, registers);
            case 0x33 -> register(i, function, registers);
            case 0x3b -> register32(i, function, registers);
            case 0x0f -> with(function <= 1 ? Op.NOP : 0, registers, 0);
            case 0x73 -> system(i, function, registers);
            case 0x2f -> with(atomic(i, function) ? Op.AMO : 0, registers, i);
            case 0x07 -> word(floatAccess(function, Op.FLW, Op.FLD), rd, rs1, rs2, length, i >> 20);
            case 0x27 -> word(floatAccess(function, Op.FSW, Op.FSD), rd, rs1, rs2, length, storeOffset(i));
            case 0x43, 0x47, 0x4b, 0x4f, 0x53 -> with(FloatEncoding.exists(i) ? Op.FLOAT : 0, registers, i);
            default -> with(0, registers, 0);
        };
    }

    private static long word(int op, int rd, int rs1, int rs2, int length, int immediate) {
        int low = op | rd << Op.RD_SHIFT | rs1 << Op.RS1_SHIFT | rs2 << Op.RS2_SHIFT | length << Op.LENGTH_SHIFT;
        return Integer.toUnsignedLong(low) | (long) immediate << Op.IMMEDIATE_SHIFT;
    }

    /// An operation of 0 stands for an encoding that does not exist.
    private static long with(int op, long registers, int immediate) {
        return registers | (op == 0 ? Op.ILLEGAL : op) | (long) immediate << Op.IMMEDIATE_SHIFT;
    }

    private static long immediate(int i, int function, long registers) {
        if (function == 1) {
            return with(i >>> 26 == 0 ? Op.SLLI : 0, registers, i >>> 20 & 63);
        }
        if (function == 5) {
            return with(i >>> 26 == 0 ? Op.SRLI : i >>> 26 == 0x10 ? Op.SRAI : 0, registers, i >>> 20 & 63);
        }
        int amount = i >> 20;
        if (Op.rd(registers) == Op.SINK) {
            return with(Op.NOP, registers, 0);
        }
        if (function == 0 && Op.rs1(registers) == 0) {
            return with(Op.LI, registers, amount);
        }
        return with(function == 0 && amount == 0 ? Op.MV : IMMEDIATES[function], registers, amount);
    }

    private static long immediate32(int i, int function, long registers) {
        int high = i >>> 25;
        return switch (function) {
            case 0 -> with(Op.ADDIW, registers, i >> 20);
            case 1 -> with(high == 0 ? Op.SLLIW : 0, registers, i >>> 20 & 31);
            case 5 -> with(high == 0 ? Op.SRLIW : high == 0x20 ? Op.SRAIW : 0, registers, i >>> 20 & 31);
            default -> with(0, registers, 0);
        };
    }

    private static long register(int i, int function, long registers) {
        return switch (i >>> 25) {
            case 0 -> function == 0 && Op.rs1(registers) == 0
                    ? with(Op.MV, swapped(registers), 0) : with(REGISTERS[function], registers, 0);
            case 1 -> with(PRODUCTS[function], registers, 0);
            case 0x20 -> with(function == 0 ? Op.SUB : function == 5 ? Op.SRA : 0, registers, 0);
            default -> with(0, registers, 0);
        };
    }

    /// `add rd, x0, rs2`, which `c.mv` expands to, as a copy of `rs1`.
    private static long swapped(long registers) {
        return word(0, Op.rd(registers), Op.rs2(registers), 0, Op.length(registers), 0);
    }

    private static long register32(int i, int function, long registers) {
        return switch (i >>> 25) {
            case 0 -> with(REGISTERS_32[function], registers, 0);
            case 1 -> with(PRODUCTS_32[function], registers, 0);
            case 0x20 -> with(function == 0 ? Op.SUBW : function == 5 ? Op.SRAW : 0, registers, 0);
            default -> with(0, registers, 0);
        };
    }

    private static long system(int i, int function, long registers) {
        if (function != 0) {
            return with(function == 4 ? 0 : Op.CSR, registers, i);
        }
        int op = switch (i) {
            case ECALL -> Op.ECALL;
            case EBREAK -> Op.EBREAK;
            case SRET -> Op.SRET;
            case WFI -> Op.WFI;
            default -> (i & 0xfe00_7fff) == SFENCE_VMA ? Op.SFENCE_VMA : 0;
        };
        return with(op, registers, 0);
    }

    private static boolean atomic(int i, int function) {
        int operation = i >>> 27;
        boolean known = (ATOMICS >>> operation & 1) != 0;
        return known && (function == 2 || function == 3) && (operation != 2 || (i >>> 20 & 31) == 0);
    }

    private static int floatAccess(int function, int single, int twice) {
        return function == 2 ? single : function == 3 ? twice : Op.ILLEGAL;
    }

    private static int jumpOffset(int i) {
        return i >> 31 << 20 | (i >>> 12 & 0xff) << 12 | (i >>> 20 & 1) << 11 | (i >>> 21 & 0x3ff) << 1;
    }

    private static int branchOffset(int i) {
        return i >> 31 << 12 | (i >>> 7 & 1) << 11 | (i >>> 25 & 63) << 5 | (i >>> 8 & 15) << 1;
    }

    private static int storeOffset(int i) {
        return i >> 25 << 5 | i >>> 7 & 31;
    }
}
