package io.sosia.appliance.machine.exec;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.isa.Arithmetic;
import io.sosia.appliance.machine.isa.Decoder;
import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.memory.NativeMemory;
import io.sosia.appliance.machine.mmu.Mmu;
import io.sosia.appliance.machine.mmu.Tlb;

/// The interpreter: one switch over pre-decoded words of the page being executed.
///
/// Integer computation, branches and RAM accesses that hit the tables happen inside [#stretch]; everything else goes through
/// [Hart#execute]. What lies between stretches (interrupts, waits, the timer) is [Hart#proceed]'s.
public final class Interpreter implements Engine {

    private static final int TAG_8 = -4096;
    private static final int TAG_16 = -4096 | 1;
    private static final int TAG_32 = -4096 | 3;
    private static final int TAG_64 = -4096 | 7;

    private final Hart hart;
    private final GuestRam ram;
    private final CodeCache code;
    private final TranslatedCode translated;
    private final short heatMax;

    /// Where [#enter] found the code: virtual and physical page, first slot.
    private long enteredPage;
    private int enteredRamPage;
    private int enteredSlot;
    private int crossingBits;
    private long crossingWord;

    /// An engine of its own.
    public Interpreter(Hart hart) {
        this(hart, new CodeCache(hart), TranslatedCode.NONE);
    }

    /// The part of an engine that executes what is not translated.
    public Interpreter(Hart hart, CodeCache code, TranslatedCode translated) {
        this.hart = hart;
        this.code = code;
        this.translated = translated;
        heatMax = translated.heatMax();
        ram = hart.ram();
    }

    @Override
    public void run(long untilSteps) {
        hart.beginRun();
        long limit = hart.proceed(untilSteps);
        while (limit != hart.steps()) {
            stretch(limit);
            limit = hart.proceed(untilSteps);
        }
    }

    @Override
    public void dropCaches() {
        hart.mmu().dropAll();
        code.dropAll();
    }

    /// Looks up the code at `pc`, or takes the trap: then it returns null, and the attempt is a step.
    private long[] enter(long pc) {
        int offset = hart.mmu().probe(pc, Mmu.FETCH);
        if (offset < 0) {
            offset = hart.fetch(pc);
            if (offset < 0) {
                return null;
            }
        }
        enteredPage = pc & -4096;
        enteredRamPage = offset >> GuestRam.PAGE_SHIFT;
        enteredSlot = (offset & GuestRam.PAGE_SIZE - 1) >> 1;
        return code.page(enteredRamPage);
    }

    /// The word of the instruction at the hart's pc that goes on in the next page, or 0 having trapped.
    private long crossing() {
        long pc = hart.pc();
        int first = hart.fetch(pc);
        int second = first < 0 ? -1 : hart.fetch(pc + 2);
        if (second < 0) {
            return 0;
        }
        int bits = ram.read16(second) << 16 | ram.read16(first) & 0xffff;
        if (bits != crossingBits || crossingWord == 0) {
            crossingBits = bits;
            crossingWord = Decoder.decode(bits);
        }
        return crossingWord;
    }

    /// Executes instructions from the hart's pc until `limit`, or until attention is demanded.
    private void stretch(long limit) {
        final Hart hart = this.hart;
        final long[] x = hart.registers();
        final long ramAddress = ram.address();
        final long loads = hart.mmu().loads();
        final long stores = hart.mmu().stores();
        final long fetches = hart.mmu().fetches();
        final long[][] decoded = code.pages();
        final short heatMax = this.heatMax;
        int left = (int) (limit - hart.steps());
        long[] words = enter(hart.pc());
        if (words == null) {
            hart.at(hart.pc(), limit - left + 1);
            return;
        }
        long base = enteredPage;
        int ramPage = enteredRamPage;
        int i = enteredSlot;
        short[] heat = code.heats()[ramPage];
        long pc;
        if (++heat[i] == heatMax) {
            translated.hot(ramPage, i, hart.pc());
        }

        while (true) {
            away: {
                if (left == 0) {
                    hart.at(base + 2L * i, limit);
                    return;
                }
                long w = words[i];
                again: while (true) {
                    slow: {
                        long va;
                        long e;
                        switch ((int) w & 0xff) {
                            case Op.LI -> x[Op.rd(w)] = w >> 32;
                            case Op.MV -> x[Op.rd(w)] = x[Op.rs1(w)];
                            case Op.NOP -> {}
                            case Op.AUIPC -> x[Op.rd(w)] = base + 2L * i + (w >> 32);
                            case Op.JAL -> {
                                pc = base + 2L * i;
                                x[Op.rd(w)] = pc + 2 * Op.length(w);
                                pc += w >> 32;
                                break away;
                            }
                            case Op.JALR -> {
                                long to = x[Op.rs1(w)] + (w >> 32) & ~1L;
                                x[Op.rd(w)] = base + 2L * i + 2 * Op.length(w);
                                pc = to;
                                break away;
                            }
                            case Op.BEQ -> {
                                if (x[Op.rs1(w)] == x[Op.rs2(w)]) {
                                    pc = base + 2L * i + (w >> 32);
                                    break away;
                                }
                            }
                            case Op.BNE -> {
                                if (x[Op.rs1(w)] != x[Op.rs2(w)]) {
                                    pc = base + 2L * i + (w >> 32);
                                    break away;
                                }
                            }
                            case Op.BLT -> {
                                if (x[Op.rs1(w)] < x[Op.rs2(w)]) {
                                    pc = base + 2L * i + (w >> 32);
                                    break away;
                                }
                            }
                            case Op.BGE -> {
                                if (x[Op.rs1(w)] >= x[Op.rs2(w)]) {
                                    pc = base + 2L * i + (w >> 32);
                                    break away;
                                }
                            }
                            case Op.BLTU -> {
                                if (x[Op.rs1(w)] + Long.MIN_VALUE < x[Op.rs2(w)] + Long.MIN_VALUE) {
                                    pc = base + 2L * i + (w >> 32);
                                    break away;
                                }
                            }
                            case Op.BGEU -> {
                                if (x[Op.rs1(w)] + Long.MIN_VALUE >= x[Op.rs2(w)] + Long.MIN_VALUE) {
                                    pc = base + 2L * i + (w >> 32);
                                    break away;
                                }
                            }
                            case Op.LB -> {
                                va = x[Op.rs1(w)] + (w >> 32);
                                e = Tlb.entry(loads, va);
                                if (NativeMemory.getLong(e) != (va & TAG_8)) {
                                    break slow;
                                }
                                x[Op.rd(w)] = NativeMemory.getByte(va + NativeMemory.getLong(e + Tlb.ADDEND));
                            }
                            case Op.LBU -> {
                                va = x[Op.rs1(w)] + (w >> 32);
                                e = Tlb.entry(loads, va);
                                if (NativeMemory.getLong(e) != (va & TAG_8)) {
                                    break slow;
                                }
                                x[Op.rd(w)] = NativeMemory.getByte(va + NativeMemory.getLong(e + Tlb.ADDEND)) & 0xff;
                            }
                            case Op.LH -> {
                                va = x[Op.rs1(w)] + (w >> 32);
                                e = Tlb.entry(loads, va);
                                if (NativeMemory.getLong(e) != (va & TAG_16)) {
                                    break slow;
                                }
                                x[Op.rd(w)] = NativeMemory.getShort(va + NativeMemory.getLong(e + Tlb.ADDEND));
                            }
                            case Op.LHU -> {
                                va = x[Op.rs1(w)] + (w >> 32);
                                e = Tlb.entry(loads, va);
                                if (NativeMemory.getLong(e) != (va & TAG_16)) {
                                    break slow;
                                }
                                x[Op.rd(w)] = NativeMemory.getShort(va + NativeMemory.getLong(e + Tlb.ADDEND)) & 0xffff;
                            }
                            case Op.LW -> {
                                va = x[Op.rs1(w)] + (w >> 32);
                                e = Tlb.entry(loads, va);
                                if (NativeMemory.getLong(e) != (va & TAG_32)) {
                                    break slow;
                                }
                                x[Op.rd(w)] = NativeMemory.getInt(va + NativeMemory.getLong(e + Tlb.ADDEND));
                            }
                            case Op.LWU -> {
                                va = x[Op.rs1(w)] + (w >> 32);
                                e = Tlb.entry(loads, va);
                                if (NativeMemory.getLong(e) != (va & TAG_32)) {
                                    break slow;
                                }
                                x[Op.rd(w)] = NativeMemory.getInt(va + NativeMemory.getLong(e + Tlb.ADDEND)) & 0xffff_ffffL;
                            }
                            case Op.LD -> {
                                va = x[Op.rs1(w)] + (w >> 32);
                                e = Tlb.entry(loads, va);
                                if (NativeMemory.getLong(e) != (va & TAG_64)) {
                                    break slow;
                                }
                                x[Op.rd(w)] = NativeMemory.getLong(va + NativeMemory.getLong(e + Tlb.ADDEND));
                            }
                            case Op.SB -> {
                                va = x[Op.rs1(w)] + (w >> 32);
                                e = Tlb.entry(stores, va);
                                if (NativeMemory.getLong(e) != (va & TAG_8)) {
                                    break slow;
                                }
                                NativeMemory.putByte(va + NativeMemory.getLong(e + Tlb.ADDEND), (byte) x[Op.rs2(w)]);
                            }
                            case Op.SH -> {
                                va = x[Op.rs1(w)] + (w >> 32);
                                e = Tlb.entry(stores, va);
                                if (NativeMemory.getLong(e) != (va & TAG_16)) {
                                    break slow;
                                }
                                NativeMemory.putShort(va + NativeMemory.getLong(e + Tlb.ADDEND), (short) x[Op.rs2(w)]);
                            }
                            case Op.SW -> {
                                va = x[Op.rs1(w)] + (w >> 32);
                                e = Tlb.entry(stores, va);
                                if (NativeMemory.getLong(e) != (va & TAG_32)) {
                                    break slow;
                                }
                                NativeMemory.putInt(va + NativeMemory.getLong(e + Tlb.ADDEND), (int) x[Op.rs2(w)]);
                            }
                            case Op.SD -> {
                                va = x[Op.rs1(w)] + (w >> 32);
                                e = Tlb.entry(stores, va);
                                if (NativeMemory.getLong(e) != (va & TAG_64)) {
                                    break slow;
                                }
                                NativeMemory.putLong(va + NativeMemory.getLong(e + Tlb.ADDEND), x[Op.rs2(w)]);
                            }
                            case Op.ADDI -> x[Op.rd(w)] = x[Op.rs1(w)] + (w >> 32);
                            case Op.SLTI -> x[Op.rd(w)] = x[Op.rs1(w)] < w >> 32 ? 1 : 0;
                            case Op.SLTIU ->
                                x[Op.rd(w)] = x[Op.rs1(w)] + Long.MIN_VALUE < (w >> 32) + Long.MIN_VALUE ? 1 : 0;
                            case Op.XORI -> x[Op.rd(w)] = x[Op.rs1(w)] ^ w >> 32;
                            case Op.ORI -> x[Op.rd(w)] = x[Op.rs1(w)] | w >> 32;
                            case Op.ANDI -> x[Op.rd(w)] = x[Op.rs1(w)] & w >> 32;
                            case Op.SLLI -> x[Op.rd(w)] = x[Op.rs1(w)] << (int) (w >> 32);
                            case Op.SRLI -> x[Op.rd(w)] = x[Op.rs1(w)] >>> (int) (w >> 32);
                            case Op.SRAI -> x[Op.rd(w)] = x[Op.rs1(w)] >> (int) (w >> 32);
                            case Op.ADDIW -> x[Op.rd(w)] = (int) x[Op.rs1(w)] + (int) (w >> 32);
                            case Op.SLLIW -> x[Op.rd(w)] = (int) x[Op.rs1(w)] << (int) (w >> 32);
                            case Op.SRLIW -> x[Op.rd(w)] = (int) x[Op.rs1(w)] >>> (int) (w >> 32);
                            case Op.SRAIW -> x[Op.rd(w)] = (int) x[Op.rs1(w)] >> (int) (w >> 32);
                            case Op.ADD -> x[Op.rd(w)] = x[Op.rs1(w)] + x[Op.rs2(w)];
                            case Op.SUB -> x[Op.rd(w)] = x[Op.rs1(w)] - x[Op.rs2(w)];
                            case Op.SLL -> x[Op.rd(w)] = x[Op.rs1(w)] << (int) x[Op.rs2(w)];
                            case Op.SLT -> x[Op.rd(w)] = x[Op.rs1(w)] < x[Op.rs2(w)] ? 1 : 0;
                            case Op.SLTU -> x[Op.rd(w)] =
                                    x[Op.rs1(w)] + Long.MIN_VALUE < x[Op.rs2(w)] + Long.MIN_VALUE ? 1 : 0;
                            case Op.XOR -> x[Op.rd(w)] = x[Op.rs1(w)] ^ x[Op.rs2(w)];
                            case Op.SRL -> x[Op.rd(w)] = x[Op.rs1(w)] >>> (int) x[Op.rs2(w)];
                            case Op.SRA -> x[Op.rd(w)] = x[Op.rs1(w)] >> (int) x[Op.rs2(w)];
                            case Op.OR -> x[Op.rd(w)] = x[Op.rs1(w)] | x[Op.rs2(w)];
                            case Op.AND -> x[Op.rd(w)] = x[Op.rs1(w)] & x[Op.rs2(w)];
                            case Op.ADDW -> x[Op.rd(w)] = (int) x[Op.rs1(w)] + (int) x[Op.rs2(w)];
                            case Op.SUBW -> x[Op.rd(w)] = (int) x[Op.rs1(w)] - (int) x[Op.rs2(w)];
                            case Op.SLLW -> x[Op.rd(w)] = (int) x[Op.rs1(w)] << (int) x[Op.rs2(w)];
                            case Op.SRLW -> x[Op.rd(w)] = (int) x[Op.rs1(w)] >>> (int) x[Op.rs2(w)];
                            case Op.SRAW -> x[Op.rd(w)] = (int) x[Op.rs1(w)] >> (int) x[Op.rs2(w)];
                            case Op.MUL -> x[Op.rd(w)] = x[Op.rs1(w)] * x[Op.rs2(w)];
                            case Op.MULW -> x[Op.rd(w)] = (int) x[Op.rs1(w)] * (int) x[Op.rs2(w)];
                            case Op.MULH, Op.MULHSU, Op.MULHU, Op.DIV, Op.DIVU, Op.REM, Op.REMU, Op.DIVW, Op.DIVUW,
                                 Op.REMW, Op.REMUW ->
                                x[Op.rd(w)] = Arithmetic.product(Op.op(w), x[Op.rs1(w)], x[Op.rs2(w)]);
                            case Op.TRANSLATED -> {
                                int after = translated.run(ramPage, i, base + 2L * i, limit, left);
                                if (after == left) {
                                    w = translated.original(ramPage, i);
                                    continue again;
                                }
                                pc = translated.pc();
                                left = after;
                                if (hart.attention()) {
                                    hart.at(pc, limit - left);
                                    return;
                                }
                                left++;
                                break away;
                            }
                            case Op.UNDECODED -> {
                                code.decode(words, ramPage, i);
                                w = words[i];
                                continue again;
                            }
                            case Op.PAGE_END -> {
                                left++;
                                pc = base + 2L * i;
                                break away;
                            }
                            case Op.CROSSING -> {
                                hart.at(base + 2L * i, limit - left);
                                w = crossing();
                                if (w == 0) {
                                    hart.at(hart.pc(), limit - left + 1);
                                    return;
                                }
                                if (hart.attention()) {
                                    // Setting the A bit of the next page may have changed this one.
                                    return;
                                }
                                continue again;
                            }
                            default -> {
                                break slow;
                            }
                        }
                        i += Op.length(w);
                        left--;
                        break again;
                    }
                    hart.at(base + 2L * i, limit - left);
                    hart.execute(w);
                    left--;
                    if (hart.attention()) {
                        hart.at(hart.pc(), limit - left);
                        return;
                    }
                    i += Op.length(w);
                    break;
                }
                continue;
            }
            // A jump to `pc`, or running on into the next page (which has given its step back).
            left--;
            if ((pc & -4096) == base) {
                i = (int) (pc - base) >> 1;
                if (++heat[i] == heatMax) {
                    translated.hot(ramPage, i, pc);
                }
                continue;
            }
            long address = Tlb.probe(fetches, pc);
            if (address != 0) {
                int offset = (int) (address - ramAddress);
                long[] found = decoded[offset >> GuestRam.PAGE_SHIFT];
                if (found != null) {
                    words = found;
                    base = pc & -4096;
                    ramPage = offset >> GuestRam.PAGE_SHIFT;
                    i = (offset & GuestRam.PAGE_SIZE - 1) >> 1;
                    heat = code.heats()[ramPage];
                    if (++heat[i] == heatMax) {
                        translated.hot(ramPage, i, pc);
                    }
                    continue;
                }
            }
            hart.at(pc, limit - left);
            if (left == 0) {
                return;
            }
            words = enter(pc);
            if (words == null) {
                hart.at(hart.pc(), limit - left + 1);
                return;
            }
            base = enteredPage;
            ramPage = enteredRamPage;
            i = enteredSlot;
            heat = code.heats()[ramPage];
        }
    }
}
