package io.sosia.appliance.machine.exec;

import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.memory.NativeMemory;
import io.sosia.appliance.machine.mmu.Tlb;

/// Executes decoded instructions of one page: the part of the interpreter that nearly all time is spent in.
///
/// It works with little and calls nothing, so that the JVM's compiler can keep most of that in registers. And it takes an instruction's
/// parts from memory where they are needed: what several cases of a switch have in common, the compiler computes before it, for every
/// instruction. For the same reasons a place among the words is a number of bytes and not an address.
final class PageRun {

    /// The bits of a virtual address that name its page.
    private static final int PAGE = -GuestRam.PAGE_SIZE;

    /// In a decoded word: the byte with `rd`, that with `rs2` and the length, the four of the immediate.
    private static final int RD = Op.RD_SHIFT / Byte.SIZE;
    private static final int RS2 = Op.RS2_SHIFT / Byte.SIZE;
    private static final int IMMEDIATE = Op.IMMEDIATE_SHIFT / Byte.SIZE;

    /// From bytes of code to bytes of words: a word stands for two.
    private static final int WORD_SHIFT = 2;

    /// In the byte with the length: to what it is in bytes of words.
    private static final int LENGTH_SHIFT = Op.LENGTH_SHIFT - Op.RS2_SHIFT - 3;

    /// In what [#run] returns: above the offset, below the steps.
    private static final int HOT_BIT = Integer.SIZE - 1;

    private PageRun() {}

    /// Executes instructions until one is not for it: a jump with a link or out of the page, an access that the tables
    /// do not lead to RAM, and all that are not frequent. Or until it has jumped to what is hot since.
    ///
    /// @param x     the integer registers
    /// @param table of the readable pages; that of the writable ones lies behind it
    /// @param words where the page's words lie
    /// @param from  where among them that of the first instruction lies
    /// @param first that word, or one that differs in its operation: the rest is taken from there
    /// @param steps how many may be executed
    /// @return [#left], [#offset] and [#becameHot] in one
    static long run(long[] x, long table, long words, int from, long first, int steps) {
        int at = from;
        long w = first;
        int left = steps;
        long hot = 0;
        // The sign's bit is tested so that the JVM's compiler does not take `left` for a loop's counter.
        loop: while ((left - 1 & Integer.MIN_VALUE) == 0) {
            away: {
                step: {
                    long a = NativeMemory.get(x, Op.rs1(w));
                    long va;
                    long e;
                    long result;
                    switch ((int) w & 0xff) {
                        case Op.LI -> result = immediate(words, at);
                        case Op.MV -> result = a;
                        case Op.NOP -> {
                            break step;
                        }
                        case Op.JAL -> {
                            if (Op.rd(w) == Op.SINK) {
                                break away;
                            }
                            break loop;
                        }
                        case Op.BEQ -> {
                            if (a == second(x, words, at)) {
                                break away;
                            }
                            break step;
                        }
                        case Op.BNE -> {
                            if (a != second(x, words, at)) {
                                break away;
                            }
                            break step;
                        }
                        case Op.BLT -> {
                            if (a < second(x, words, at)) {
                                break away;
                            }
                            break step;
                        }
                        case Op.BGE -> {
                            if (a >= second(x, words, at)) {
                                break away;
                            }
                            break step;
                        }
                        case Op.BLTU -> {
                            if (a + Long.MIN_VALUE < second(x, words, at) + Long.MIN_VALUE) {
                                break away;
                            }
                            break step;
                        }
                        case Op.BGEU -> {
                            if (a + Long.MIN_VALUE >= second(x, words, at) + Long.MIN_VALUE) {
                                break away;
                            }
                            break step;
                        }
                        case Op.LB -> {
                            va = a + immediate(words, at);
                            e = Tlb.entry(table, va);
                            if (NativeMemory.getLong(e) != (va & PAGE)) {
                                break loop;
                            }
                            result = NativeMemory.getByte(va + NativeMemory.getLong(e + Tlb.ADDEND));
                        }
                        case Op.LBU -> {
                            va = a + immediate(words, at);
                            e = Tlb.entry(table, va);
                            if (NativeMemory.getLong(e) != (va & PAGE)) {
                                break loop;
                            }
                            result = NativeMemory.getByte(va + NativeMemory.getLong(e + Tlb.ADDEND)) & 0xff;
                        }
                        case Op.LH -> {
                            va = a + immediate(words, at);
                            e = Tlb.entry(table, va);
                            if (NativeMemory.getLong(e) != (va + 1 & PAGE)) {
                                break loop;
                            }
                            result = NativeMemory.getShort(va + NativeMemory.getLong(e + Tlb.ADDEND));
                        }
                        case Op.LHU -> {
                            va = a + immediate(words, at);
                            e = Tlb.entry(table, va);
                            if (NativeMemory.getLong(e) != (va + 1 & PAGE)) {
                                break loop;
                            }
                            result = NativeMemory.getShort(va + NativeMemory.getLong(e + Tlb.ADDEND)) & 0xffff;
                        }
                        case Op.LW -> {
                            va = a + immediate(words, at);
                            e = Tlb.entry(table, va);
                            if (NativeMemory.getLong(e) != (va + 3 & PAGE)) {
                                break loop;
                            }
                            result = NativeMemory.getInt(va + NativeMemory.getLong(e + Tlb.ADDEND));
                        }
                        case Op.LWU -> {
                            va = a + immediate(words, at);
                            e = Tlb.entry(table, va);
                            if (NativeMemory.getLong(e) != (va + 3 & PAGE)) {
                                break loop;
                            }
                            result = NativeMemory.getInt(va + NativeMemory.getLong(e + Tlb.ADDEND)) & 0xffff_ffffL;
                        }
                        case Op.LD -> {
                            va = a + immediate(words, at);
                            e = Tlb.entry(table, va);
                            if (NativeMemory.getLong(e) != (va + 7 & PAGE)) {
                                break loop;
                            }
                            result = NativeMemory.getLong(va + NativeMemory.getLong(e + Tlb.ADDEND));
                        }
                        case Op.SB -> {
                            va = a + immediate(words, at);
                            e = Tlb.entry(table, va) + Tlb.WRITABLE;
                            if (NativeMemory.getLong(e) != (va & PAGE)) {
                                break loop;
                            }
                            NativeMemory.putByte(va + NativeMemory.getLong(e + Tlb.ADDEND), (byte) second(x, words, at));
                            break step;
                        }
                        case Op.SH -> {
                            va = a + immediate(words, at);
                            e = Tlb.entry(table, va) + Tlb.WRITABLE;
                            if (NativeMemory.getLong(e) != (va + 1 & PAGE)) {
                                break loop;
                            }
                            NativeMemory.putShort(va + NativeMemory.getLong(e + Tlb.ADDEND), (short) second(x, words, at));
                            break step;
                        }
                        case Op.SW -> {
                            va = a + immediate(words, at);
                            e = Tlb.entry(table, va) + Tlb.WRITABLE;
                            if (NativeMemory.getLong(e) != (va + 3 & PAGE)) {
                                break loop;
                            }
                            NativeMemory.putInt(va + NativeMemory.getLong(e + Tlb.ADDEND), (int) second(x, words, at));
                            break step;
                        }
                        case Op.SD -> {
                            va = a + immediate(words, at);
                            e = Tlb.entry(table, va) + Tlb.WRITABLE;
                            if (NativeMemory.getLong(e) != (va + 7 & PAGE)) {
                                break loop;
                            }
                            NativeMemory.putLong(va + NativeMemory.getLong(e + Tlb.ADDEND), second(x, words, at));
                            break step;
                        }
                        case Op.ADDI -> result = a + immediate(words, at);
                        case Op.SLTI -> result = a < immediate(words, at) ? 1 : 0;
                        case Op.SLTIU -> result = a + Long.MIN_VALUE < immediate(words, at) + Long.MIN_VALUE ? 1 : 0;
                        case Op.XORI -> result = a ^ immediate(words, at);
                        case Op.ORI -> result = a | immediate(words, at);
                        case Op.ANDI -> result = a & immediate(words, at);
                        case Op.SLLI -> result = a << immediate(words, at);
                        case Op.SRLI -> result = a >>> immediate(words, at);
                        case Op.SRAI -> result = a >> immediate(words, at);
                        case Op.ADDIW -> result = (int) a + immediate(words, at);
                        case Op.SLLIW -> result = (int) a << immediate(words, at);
                        case Op.SRLIW -> result = (int) a >>> immediate(words, at);
                        case Op.SRAIW -> result = (int) a >> immediate(words, at);
                        case Op.ADD -> result = a + second(x, words, at);
                        case Op.SUB -> result = a - second(x, words, at);
                        case Op.SLL -> result = a << (int) second(x, words, at);
                        case Op.SLT -> result = a < second(x, words, at) ? 1 : 0;
                        case Op.SLTU -> result = a + Long.MIN_VALUE < second(x, words, at) + Long.MIN_VALUE ? 1 : 0;
                        case Op.XOR -> result = a ^ second(x, words, at);
                        case Op.SRL -> result = a >>> (int) second(x, words, at);
                        case Op.SRA -> result = a >> (int) second(x, words, at);
                        case Op.OR -> result = a | second(x, words, at);
                        case Op.AND -> result = a & second(x, words, at);
                        case Op.ADDW -> result = (int) a + (int) second(x, words, at);
                        case Op.SUBW -> result = (int) a - (int) second(x, words, at);
                        case Op.SLLW -> result = (int) a << (int) second(x, words, at);
                        case Op.SRLW -> result = (int) a >>> (int) second(x, words, at);
                        case Op.SRAW -> result = (int) a >> (int) second(x, words, at);
                        case Op.MUL -> result = a * second(x, words, at);
                        case Op.MULW -> result = (int) a * (int) second(x, words, at);
                        default -> {
                            break loop;
                        }
                    }
                    NativeMemory.put(x, NativeMemory.getByte(words + at + RD), result);
                }
                at += length(words, at);
                left--;
                w = NativeMemory.getLong(words + at);
                continue;
            }
            int offset = (at >> WORD_SHIFT) + immediate(words, at);
            if ((offset & -GuestRam.PAGE_SIZE) != 0) {
                break;
            }
            at = offset << WORD_SHIFT;
            left--;
            w = NativeMemory.getLong(words + at);
            if (CodeCache.heats(words, offset >> 1)) {
                hot = 1L << HOT_BIT;
                break;
            }
        }
        return (long) left << Integer.SIZE | hot | at;
    }

    /// The second register's value, of the word that lies there.
    private static long second(long[] x, long words, int at) {
        return NativeMemory.get(x, NativeMemory.getByte(words + at + RS2) & 31);
    }

    /// Bytes to the next word.
    private static int length(long words, int at) {
        return NativeMemory.getByte(words + at + RS2) >>> LENGTH_SHIFT & 3 * Long.BYTES;
    }

    private static int immediate(long words, int at) {
        return NativeMemory.getInt(words + at + IMMEDIATE);
    }

    /// Steps that are left.
    static int left(long end) {
        return (int) (end >>> Integer.SIZE);
    }

    /// Where the word of the next instruction lies among the page's.
    static int offset(long end) {
        return (int) end & Integer.MAX_VALUE;
    }

    /// Whether that was jumped to and is hot since.
    static boolean becameHot(long end) {
        return (end >>> HOT_BIT & 1) != 0;
    }
}
