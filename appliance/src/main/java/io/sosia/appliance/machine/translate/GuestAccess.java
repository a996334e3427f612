package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.memory.NativeMemory;
import io.sosia.appliance.machine.mmu.Mmu;
import io.sosia.appliance.machine.mmu.Tlb;
import sun.misc.Unsafe;

/// What translated code calls, beside memory ([MemoryCode]): instructions that are not translated, and what leads from page to page.
///
/// Each machine has a copy of this class of its own, defined by its [RegionLoader]: what is the machine's are static
/// constants here, and the JVM's compilers build them into the code. Nobody else may use it.
public final class GuestAccess {

    private static final Handover HANDOVER = RegionLoader.handover();
    private static final Hart HART = HANDOVER.hart;
    private static final Mmu MMU = HART.mmu();
    private static final long RAM_ADDRESS = HART.ram().address();
    private static final long JUMP_TARGETS = HANDOVER.jumps.address();
    /// See [NativeMemory#direct].
    public static final Unsafe DIRECT = NativeMemory.direct();
    /// The integer registers.
    public static final long[] X = HART.registers();

    private GuestAccess() {}

    /// Whether the code's page at `va` is mapped to this page of RAM, as far as the tables know.
    public static boolean mapped(long va, int page) {
        return Tlb.probe(MMU.fetches(), va) == RAM_ADDRESS + ((long) page << GuestRam.PAGE_SHIFT);
    }

    /// Executes the instruction at `pc` as the interpreter would; the registers it reads are in [#X].
    ///
    /// @param left steps left before it
    /// @return whether to go on behind it; if not, the hart wants attention, and [#pc] is where it is
    public static boolean perform(long word, long pc, int left) {
        HART.at(pc, HANDOVER.limit - left);
        HART.execute(word);
        return !HART.attention();
    }

    /// Where the hart is after [#perform].
    public static long pc() {
        return HART.pc();
    }

    /// Notes where an indirect jump leads.
    ///
    /// @param jump where it is in RAM, in halfwords
    public static void noteJump(long target, int jump) {
        JumpTargets.note(JUMP_TARGETS, jump, target);
    }

    /// Leaves the region.
    ///
    /// @param pc where to go on, perhaps with a mark: [Handover#pc]
    public static void leave(long pc) {
        HANDOVER.pc = pc;
    }

    public static long less(long a, long b) {
        return a < b ? 1 : 0;
    }

    public static long lessUnsigned(long a, long b) {
        return a + Long.MIN_VALUE < b + Long.MIN_VALUE ? 1 : 0;
    }
}
