package io.sosia.appliance.machine.exec;

import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.memory.NativeMemory;
import io.sosia.appliance.machine.mmu.Tlb;

/// Executes decoded instructions of one page: the part of the interpreter that nearly all time is spent in.
///
/// It calls nothing, so that the JVM's compiler can keep all it works with in registers. And it takes an instruction's parts from memory
/// where they are needed: what several cases of a switch have in common, the compiler computes before it, for every instruction.
final class PageRun {

    private static final int TAG_8 = -4096;
    private static final int TAG_16 = -4096 | 1;
    private static final int TAG_32 = -4096 | 3;
    private static final int TAG_64 = -4096 | 7;

    /// In a decoded word: the byte with `rs2`, the four of the immediate.
    private static final int RS2 = Op.RS2_SHIFT / Byte.SIZE;
    private static final int IMMEDIATE = Op.IMMEDIATE_SHIFT / Byte.SIZE;

    /// From bytes of code to bytes of words: a word stands for two.
    private static final int WORD_SHIFT = 2;

    private final long[] x;
    private final int heatMax;

    /// Where [#run] stopped: where the word lies, and what it is or what stands for it.
    private long at;
    private long word;

    PageRun(long[] x, int heatMax) {
        this.x = x;
        this.heatMax = heatMax;
    }

    /// Executes instructions until one is not for it: a jump out of the page, a branch that is taken out of it, an access that the tables
    /// do not lead to RAM, and all that are not frequent. Then [#word] is that instruction.
    ///
    /// @param loads  the table of readable pages
    /// @param stores the table of writable pages
    /// @param words  where the page's words lie
    /// @param from   where the first instruction's word lies
    /// @param first  that word, or what stands for it
    /// @param steps  how many may be executed
    /// @return how many of them are left; or, when it stopped because it has jumped to what is now hot, the complement of that number
    int run(long loads, long stores, long words, long from, long first, int steps) {
        final long[] x = this.x;
        final int heatMax = this.heatMax;
        long at = from;
        long w = first;
        int left = steps;
        // The sign's bit is tested so that the JVM's compiler does not take `left` for a loop's counter.
        loop: while ((left - 1 & Integer.MIN_VALUE) == 0) {
            away: {
                step: {
                    long a = NativeMemory.get(x, Op.rs1(w));
                    long va;
                    long e;
                    long result;
                    switch ((int) w & 0xff) {
                        case Op.LI -> result = immediate(at);
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
                            if (a == second(x, at)) {
                                break away;
                            }
                            break step;
                        }
                        case Op.BNE -> {
                            if (a != second(x, at)) {
                                break away;
                            }
                            break step;
                        }
                        case Op.BLT -> {
                            if (a < second(x, at)) {
                                break away;
                            }
                            break step;
                        }
                        case Op.BGE -> {
                            if (a >= second(x, at)) {
                                break away;
                            }
                            break step;
                        }
                        case Op.BLTU -> {
                            if (a + Long.MIN_VALUE < second(x, at) + Long.MIN_VALUE) {
                                break away;
                            }
                            break step;
                        }
                        case Op.BGEU -> {
                            if (a + Long.MIN_VALUE >= second(x, at) + Long.MIN_VALUE) {
                                break away;
                            }
                            break step;
                        }
                        case Op.LB -> {
                            va = a + immediate(at);
                            e = Tlb.entry(loads, va);
                            if (NativeMemory.getLong(e) != (va & TAG_8)) {
                                break loop;
                            }
                            result = NativeMemory.getByte(va + NativeMemory.getLong(e + Tlb.ADDEND));
                        }
                        case Op.LBU -> {
                            va = a + immediate(at);
                            e = Tlb.entry(loads, va);
                            if (NativeMemory.getLong(e) != (va & TAG_8)) {
                                break loop;
                            }
                            result = NativeMemory.getByte(va + NativeMemory.getLong(e + Tlb.ADDEND)) & 0xff;
                        }
                        case Op.LH -> {
                            va = a + immediate(at);
                            e = Tlb.entry(loads, va);
                            if (NativeMemory.getLong(e) != (va & TAG_16)) {
                                break loop;
                            }
                            result = NativeMemory.getShort(va + NativeMemory.getLong(e + Tlb.ADDEND));
                        }
                        case Op.LHU -> {
                            va = a + immediate(at);
                            e = Tlb.entry(loads, va);
                            if (NativeMemory.getLong(e) != (va & TAG_16)) {
                                break loop;
                            }
                            result = NativeMemory.getShort(va + NativeMemory.getLong(e + Tlb.ADDEND)) & 0xffff;
                        }
                        case Op.LW -> {
                            va = a + immediate(at);
                            e = Tlb.entry(loads, va);
                            if (NativeMemory.getLong(e) != (va & TAG_32)) {
                                break loop;
                            }
                            result = NativeMemory.getInt(va + NativeMemory.getLong(e + Tlb.ADDEND));
                        }
                        case Op.LWU -> {
                            va = a + immediate(at);
                            e = Tlb.entry(loads, va);
                            if (NativeMemory.getLong(e) != (va & TAG_32)) {
                                break loop;
                            }
                            result = NativeMemory.getInt(va + NativeMemory.getLong(e + Tlb.ADDEND)) & 0xffff_ffffL;
                        }
                        case Op.LD -> {
                            va = a + immediate(at);
                            e = Tlb.entry(loads, va);
                            if (NativeMemory.getLong(e) != (va & TAG_64)) {
                                break loop;
                            }
                            result = NativeMemory.getLong(va + NativeMemory.getLong(e + Tlb.ADDEND));
                        }
                        case Op.SB -> {
                            va = a + immediate(at);
                            e = Tlb.entry(stores, va);
                            if (NativeMemory.getLong(e) != (va & TAG_8)) {
                                break loop;
                            }
                            NativeMemory.putByte(va + NativeMemory.getLong(e + Tlb.ADDEND), (byte) second(x, at));
                            break step;
                        }
                        case Op.SH -> {
                            va = a + immediate(at);
                            e = Tlb.entry(stores, va);
                            if (NativeMemory.getLong(e) != (va & TAG_16)) {
                                break loop;
                            }
                            NativeMemory.putShort(va + NativeMemory.getLong(e + Tlb.ADDEND), (short) second(x, at));
                            break step;
                        }
                        case Op.SW -> {
                            va = a + immediate(at);
                            e = Tlb.entry(stores, va);
                            if (NativeMemory.getLong(e) != (va & TAG_32)) {
                                break loop;
                            }
                            NativeMemory.putInt(va + NativeMemory.getLong(e + Tlb.ADDEND), (int) second(x, at));
                            break step;
                        }
                        case Op.SD -> {
                            va = a + immediate(at);
                            e = Tlb.entry(stores, va);
                            if (NativeMemory.getLong(e) != (va & TAG_64)) {
                                break loop;
                            }
                            NativeMemory.putLong(va + NativeMemory.getLong(e + Tlb.ADDEND), second(x, at));
                            break step;
                        }
                        case Op.ADDI -> result = a + immediate(at);
                        case Op.SLTI -> result = a < immediate(at) ? 1 : 0;
                        case Op.SLTIU -> result = a + Long.MIN_VALUE < immediate(at) + Long.MIN_VALUE ? 1 : 0;
                        case Op.XORI -> result = a ^ immediate(at);
                        case Op.ORI -> result = a | immediate(at);
                        case Op.ANDI -> result = a & immediate(at);
                        case Op.SLLI -> result = a << immediate(at);
                        case Op.SRLI -> result = a >>> immediate(at);
                        case Op.SRAI -> result = a >> immediate(at);
                        case Op.ADDIW -> result = (int) a + immediate(at);
                        case Op.SLLIW -> result = (int) a << immediate(at);
                        case Op.SRLIW -> result = (int) a >>> immediate(at);
                        case Op.SRAIW -> result = (int) a >> immediate(at);
                        case Op.ADD -> result = a + second(x, at);
                        case Op.SUB -> result = a - second(x, at);
                        case Op.SLL -> result = a << (int) second(x, at);
                        case Op.SLT -> result = a < second(x, at) ? 1 : 0;
                        case Op.SLTU -> result = a + Long.MIN_VALUE < second(x, at) + Long.MIN_VALUE ? 1 : 0;
                        case Op.XOR -> result = a ^ second(x, at);
                        case Op.SRL -> result = a >>> (int) second(x, at);
                        case Op.SRA -> result = a >> (int) second(x, at);
                        case Op.OR -> result = a | second(x, at);
                        case Op.AND -> result = a & second(x, at);
                        case Op.ADDW -> result = (int) a + (int) second(x, at);
                        case Op.SUBW -> result = (int) a - (int) second(x, at);
                        case Op.SLLW -> result = (int) a << (int) second(x, at);
                        case Op.SRLW -> result = (int) a >>> (int) second(x, at);
                        case Op.SRAW -> result = (int) a >> (int) second(x, at);
                        case Op.MUL -> result = a * second(x, at);
                        case Op.MULW -> result = (int) a * (int) second(x, at);
                        default -> {
                            break loop;
                        }
                    }
                    NativeMemory.put(x, Op.rd(w), result);
                }
                at += Op.length(w) * Long.BYTES;
                left--;
                w = NativeMemory.getLong(at);
                continue;
            }
            int offset = (int) (at - words >> WORD_SHIFT) + immediate(at);
            if ((offset & -GuestRam.PAGE_SIZE) != 0) {
                break;
            }
            at = words + ((long) offset << WORD_SHIFT);
            left--;
            w = NativeMemory.getLong(at);
            if (CodeCache.heated(words, offset >> 1) == heatMax) {
                left = ~left;
                break;
            }
        }
        this.at = at;
        word = w;
        return left;
    }

    /// The second register's value, of the word that lies there.
    private static long second(long[] x, long at) {
        return NativeMemory.get(x, NativeMemory.getByte(at + RS2) & 31);
    }

    private static int immediate(long at) {
        return NativeMemory.getInt(at + IMMEDIATE);
    }

    /// Where the word lies of the instruction to go on with.
    long at() {
        return at;
    }

    /// That word, or what stands for it.
    long word() {
        return word;
    }
}
