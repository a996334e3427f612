package io.sosia.appliance.machine.exec;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.isa.Arithmetic;
import io.sosia.appliance.machine.isa.Decoder;
import io.sosia.appliance.machine.isa.Op;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.memory.NativeMemory;
import io.sosia.appliance.machine.mmu.Mmu;
import io.sosia.appliance.machine.mmu.Tlb;

/// The interpreter: from page to page, over pre-decoded words.
///
/// Most integer computation, branches within a page and RAM accesses that hit the tables are [PageRun]'s; other jumps and what is seldom
/// computed happen in [#stretch]; everything else goes through [Hart#execute]. What lies between stretches (interrupts, waits, the timer) is
/// [Hart#proceed]'s.
public final class Interpreter implements Engine {

    private final Hart hart;
    private final GuestRam ram;
    private final CodeCache code;
    private final TranslatedCode translated;

    /// Where [#enter] found the code.
    private int enteredRamPage;
    private int crossingBits;
    private long crossingWord;

    /// An engine of its own.
    public Interpreter(Hart hart) {
        this(hart, new CodeCache(hart, TranslatedCode.NONE.heatMax()), TranslatedCode.NONE);
    }

    /// The part of an engine that executes what is not translated.
    public Interpreter(Hart hart, CodeCache code, TranslatedCode translated) {
        this.hart = hart;
        this.code = code;
        this.translated = translated;
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

    /// Looks up the code at `pc`, or takes the trap: then it returns 0, and the attempt is a step.
    ///
    /// @return where the words of its page lie
    private long enter(long pc) {
        int offset = hart.mmu().probe(pc, Mmu.FETCH);
        if (offset < 0) {
            offset = hart.fetch(pc);
            if (offset < 0) {
                return 0;
            }
        }
        enteredRamPage = offset >> GuestRam.PAGE_SHIFT;
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

    private static int slot(long pc) {
        return (int) pc >> 1 & CodeCache.SLOTS - 1;
    }

    /// Executes instructions from the hart's pc until `limit`, or until attention is demanded.
    ///
    /// [PageRun] executes most of them; what it stops at is done here.
    private void stretch(long limit) {
        final Hart hart = this.hart;
        final long[] x = hart.registers();
        final long ramAddress = ram.address();
        final long loads = hart.mmu().loads();
        final long fetches = hart.mmu().fetches();
        final long[] decoded = code.pages();
        int left = (int) (limit - hart.steps());
        long words = enter(hart.pc());
        if (words == 0) {
            hart.at(hart.pc(), limit - left + 1);
            return;
        }
        long base = hart.pc() & -4096;
        int ramPage = enteredRamPage;
        int first = slot(hart.pc());
        long at = words + (long) first * Long.BYTES;
        if (CodeCache.heats(words, first)) {
            translated.hot(ramPage, first, hart.pc());
        }
        long w = NativeMemory.getLong(at);

        while (true) {
            long end = PageRun.run(x, loads, words, (int) (at - words), w, left);
            at = words + PageRun.offset(end);
            if (PageRun.left(end) != left) {
                w = NativeMemory.getLong(at);
                left = PageRun.left(end);
            }
            int slot = (int) (at - words) / Long.BYTES;
            long pc = base + 2L * slot;
            if (PageRun.becameHot(end)) {
                translated.hot(ramPage, slot, pc);
                w = NativeMemory.getLong(at);
                continue;
            }
            if (left == 0) {
                hart.at(pc, limit);
                return;
            }
            switch ((int) w & 0xff) {
                case Op.BEQ, Op.BNE, Op.BLT, Op.BGE, Op.BLTU, Op.BGEU -> pc += w >> 32;
                case Op.JAL -> {
                    x[Op.rd(w)] = pc + 2 * Op.length(w);
                    pc += w >> 32;
                }
                case Op.JALR -> {
                    long to = x[Op.rs1(w)] + (w >> 32) & ~1L;
                    x[Op.rd(w)] = pc + 2 * Op.length(w);
                    pc = to;
                }
                case Op.AUIPC -> {
                    x[Op.rd(w)] = pc + (w >> 32);
                    at += Op.length(w) * Long.BYTES;
                    left--;
                    w = NativeMemory.getLong(at);
                    continue;
                }
                case Op.MULH, Op.MULHSU, Op.MULHU, Op.DIV, Op.DIVU, Op.REM, Op.REMU, Op.DIVW, Op.DIVUW, Op.REMW, Op.REMUW -> {
                    x[Op.rd(w)] = Arithmetic.product(Op.op(w), x[Op.rs1(w)], x[Op.rs2(w)]);
                    at += Op.length(w) * Long.BYTES;
                    left--;
                    w = NativeMemory.getLong(at);
                    continue;
                }
                case Op.TRANSLATED -> {
                    int after = translated.run(ramPage, slot, pc, limit, left);
                    if (after == left) {
                        w = translated.original(ramPage, slot);
                        continue;
                    }
                    pc = translated.pc();
                    left = after;
                    if (hart.attention()) {
                        hart.at(pc, limit - left);
                        return;
                    }
                    left++;
                }
                case Op.UNDECODED -> {
                    w = code.decode(ramPage, slot);
                    NativeMemory.putLong(at, w);
                    continue;
                }
                case Op.PAGE_END -> left++;
                case Op.CROSSING -> {
                    hart.at(pc, limit - left);
                    w = crossing();
                    if (w == 0) {
                        hart.at(hart.pc(), limit - left + 1);
                        return;
                    }
                    if (hart.attention()) {
                        // Setting the A bit of the next page may have changed this one.
                        return;
                    }
                    NativeMemory.putLong(at, Op.withOp(w, Op.CROSSING));
                    continue;
                }
                default -> {
                    hart.at(pc, limit - left);
                    hart.execute(w);
                    left--;
                    if (hart.attention()) {
                        hart.at(hart.pc(), limit - left);
                        return;
                    }
                    at += Op.length(w) * Long.BYTES;
                    w = NativeMemory.getLong(at);
                    continue;
                }
            }

            // A jump to `pc`, or running on into the next page (which has given its step back).
            left--;
            slot = slot(pc);
            if ((pc & -4096) != base) {
                long address = Tlb.probe(fetches, pc);
                int page = (int) (address - ramAddress) >> GuestRam.PAGE_SHIFT;
                if (address != 0 && decoded[page] != 0) {
                    words = decoded[page];
                } else {
                    hart.at(pc, limit - left);
                    if (left == 0) {
                        return;
                    }
                    words = enter(pc);
                    if (words == 0) {
                        hart.at(hart.pc(), limit - left + 1);
                        return;
                    }
                    page = enteredRamPage;
                }
                base = pc & -4096;
                ramPage = page;
            }
            if (CodeCache.heats(words, slot)) {
                translated.hot(ramPage, slot, pc);
            }
            at = words + (long) slot * Long.BYTES;
            w = NativeMemory.getLong(at);
        }
    }
}
