package io.sosia.appliance.machine.isa;

/// Expands 16-bit instructions to the 32-bit ones they stand for (Unprivileged ISA, "C" Extension, RV64C with D).
public final class Compressed {

    /// What every reserved encoding expands to: an instruction that is illegal itself.
    public static final int ILLEGAL = 0;

    private static final int LOAD = 0x03;
    private static final int LOAD_FP = 0x07;
    private static final int OP_IMM = 0x13;
    private static final int OP_IMM_32 = 0x1b;
    private static final int STORE = 0x23;
    private static final int STORE_FP = 0x27;
    private static final int OP = 0x33;
    private static final int LUI = 0x37;
    private static final int OP_32 = 0x3b;
    private static final int BRANCH = 0x63;
    private static final int JALR = 0x67;
    private static final int JAL = 0x6f;
    private static final int EBREAK = 0x0010_0073;

    private static final int SP = 2;

    private Compressed() {}

    /// The 32-bit instruction for the low 16 bits of `c`, whose lowest two are not both set; [#ILLEGAL] if reserved.
    public static int expand(int c) {
        return switch (c & 3) {
            case 0 -> quadrant0(c);
            case 1 -> quadrant1(c);
            default -> quadrant2(c);
        };
    }

    private static int quadrant0(int c) {
        int low = 8 + (c >>> 2 & 7);
        int base = 8 + (c >>> 7 & 7);
        int words = bits(c, 10, 3) << 3 | bits(c, 6, 1) << 2 | bits(c, 5, 1) << 6;
        int doubles = bits(c, 10, 3) << 3 | bits(c, 5, 2) << 6;
        return switch (c >>> 13 & 7) {
            case 0 -> {
                int amount = bits(c, 11, 2) << 4 | bits(c, 7, 4) << 6 | bits(c, 6, 1) << 2 | bits(c, 5, 1) << 3;
                yield amount == 0 ? ILLEGAL : immediate(OP_IMM, 0, low, SP, amount);
            }
            case 1 -> immediate(LOAD_FP, 3, low, base, doubles);
            case 2 -> immediate(LOAD, 2, low, base, words);
            case 3 -> immediate(LOAD, 3, low, base, doubles);
            case 5 -> store(STORE_FP, 3, base, low, doubles);
            case 6 -> store(STORE, 2, base, low, words);
            case 7 -> store(STORE, 3, base, low, doubles);
            default -> ILLEGAL;
        };
    }

    private static int quadrant1(int c) {
        int rd = bits(c, 7, 5);
        int amount = (c << 19 >> 31) << 5 | bits(c, 2, 5);
        return switch (c >>> 13 & 7) {
            case 0 -> immediate(OP_IMM, 0, rd, rd, amount);
            case 1 -> rd == 0 ? ILLEGAL : immediate(OP_IMM_32, 0, rd, rd, amount);
            case 2 -> immediate(OP_IMM, 0, rd, 0, amount);
            case 3 -> {
                if (rd == SP) {
                    int step = (c << 19 >> 31) << 9 | bits(c, 6, 1) << 4 | bits(c, 5, 1) << 6 | bits(c, 3, 2) << 7
                            | bits(c, 2, 1) << 5;
                    yield step == 0 ? ILLEGAL : immediate(OP_IMM, 0, SP, SP, step);
                }
                yield amount == 0 ? ILLEGAL : amount << 12 | rd << 7 | LUI;
            }
            case 4 -> arithmetic(c, amount);
            case 5 -> jump(c);
            case 6 -> branch(c, 0);
            default -> branch(c, 1);
        };
    }

    private static int arithmetic(int c, int amount) {
        int rd = 8 + (c >>> 7 & 7);
        int rs2 = 8 + (c >>> 2 & 7);
        return switch (c >>> 10 & 3) {
            case 0 -> immediate(OP_IMM, 5, rd, rd, amount & 63);
            case 1 -> immediate(OP_IMM, 5, rd, rd, amount & 63 | 0x400);
            case 2 -> immediate(OP_IMM, 7, rd, rd, amount);
            default -> switch (bits(c, 12, 1) << 2 | bits(c, 5, 2)) {
                case 0 -> register(OP, 0x20, 0, rd, rd, rs2);
                case 1 -> register(OP, 0, 4, rd, rd, rs2);
                case 2 -> register(OP, 0, 6, rd, rd, rs2);
                case 3 -> register(OP, 0, 7, rd, rd, rs2);
                case 4 -> register(OP_32, 0x20, 0, rd, rd, rs2);
                case 5 -> register(OP_32, 0, 0, rd, rd, rs2);
                default -> ILLEGAL;
            };
        };
    }

    private static int quadrant2(int c) {
        int rd = bits(c, 7, 5);
        int rs2 = bits(c, 2, 5);
        int words = bits(c, 12, 1) << 5 | bits(c, 4, 3) << 2 | bits(c, 2, 2) << 6;
        int doubles = bits(c, 12, 1) << 5 | bits(c, 5, 2) << 3 | bits(c, 2, 3) << 6;
        int storedDoubles = bits(c, 10, 3) << 3 | bits(c, 7, 3) << 6;
        int storedWords = bits(c, 9, 4) << 2 | bits(c, 7, 2) << 6;
        return switch (c >>> 13 & 7) {
            case 0 -> immediate(OP_IMM, 1, rd, rd, bits(c, 12, 1) << 5 | rs2);
            case 1 -> immediate(LOAD_FP, 3, rd, SP, doubles);
            case 2 -> rd == 0 ? ILLEGAL : immediate(LOAD, 2, rd, SP, words);
            case 3 -> rd == 0 ? ILLEGAL : immediate(LOAD, 3, rd, SP, doubles);
            case 4 -> jumpOrMove(bits(c, 12, 1), rd, rs2);
            case 5 -> store(STORE_FP, 3, SP, rs2, storedDoubles);
            case 6 -> store(STORE, 2, SP, rs2, storedWords);
            default -> store(STORE, 3, SP, rs2, storedDoubles);
        };
    }

    private static int jumpOrMove(int high, int rd, int rs2) {
        if (rs2 != 0) {
            return register(OP, 0, 0, rd, high == 0 ? 0 : rd, rs2);
        }
        if (rd == 0) {
            return high == 0 ? ILLEGAL : EBREAK;
        }
        return immediate(JALR, 0, high, rd, 0);
    }

    private static int jump(int c) {
        int to = (c << 19 >> 31) << 11 | bits(c, 11, 1) << 4 | bits(c, 9, 2) << 8 | bits(c, 8, 1) << 10 | bits(c, 7, 1) << 6
                | bits(c, 6, 1) << 7 | bits(c, 3, 3) << 1 | bits(c, 2, 1) << 5;
        return (to >> 20 & 1) << 31 | (to >> 1 & 0x3ff) << 21 | (to >> 11 & 1) << 20 | (to >> 12 & 0xff) << 12 | JAL;
    }

    private static int branch(int c, int function) {
        int to = (c << 19 >> 31) << 8 | bits(c, 10, 2) << 3 | bits(c, 5, 2) << 6 | bits(c, 3, 2) << 1 | bits(c, 2, 1) << 5;
        int rs1 = 8 + (c >>> 7 & 7);
        return (to >> 12 & 1) << 31 | (to >> 5 & 63) << 25 | rs1 << 15 | function << 12 | (to >> 1 & 15) << 8
                | (to >> 11 & 1) << 7 | BRANCH;
    }

    private static int bits(int value, int from, int count) {
        return value >>> from & (1 << count) - 1;
    }

    private static int immediate(int opcode, int function, int rd, int rs1, int amount) {
        return amount << 20 | rs1 << 15 | function << 12 | rd << 7 | opcode;
    }

    private static int register(int opcode, int high, int function, int rd, int rs1, int rs2) {
        return high << 25 | rs2 << 20 | rs1 << 15 | function << 12 | rd << 7 | opcode;
    }

    private static int store(int opcode, int function, int rs1, int rs2, int amount) {
        return (amount >> 5 & 127) << 25 | rs2 << 20 | rs1 << 15 | function << 12 | (amount & 31) << 7 | opcode;
    }
}
