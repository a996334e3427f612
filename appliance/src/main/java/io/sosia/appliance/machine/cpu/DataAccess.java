package io.sosia.appliance.machine.cpu;

import io.sosia.appliance.machine.isa.Trap;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.mmu.Mmu;

/// Loads and stores in full: misaligned ones, across pages, to devices, with their traps. Engines come here when their
/// tables have no answer.
///
/// After each call `hart.trapped` says whether the trap was taken instead.
final class DataAccess {

    private static final int PAGE = GuestRam.PAGE_SIZE;

    private final Hart hart;
    private final GuestRam ram;

    DataAccess(Hart hart) {
        this.hart = hart;
        ram = hart.ram;
    }

    /// Reads 1, 2, 4 or 8 bytes, zero-extended.
    long load(long va, int width) {
        int before = PAGE - ((int) va & PAGE - 1);
        if (before < width) {
            return loadAcross(va, width, before);
        }
        long address = translate(va, Mmu.LOAD);
        if (hart.trapped) {
            return 0;
        }
        if (ram.contains(address, width)) {
            return read(GuestRam.offset(address), width);
        }
        int slot = (address & width - 1) == 0 ? hart.bus.find(address, width) : -1;
        if (slot < 0) {
            hart.trap(Trap.LOAD_ACCESS_FAULT, va);
            return 0;
        }
        return hart.bus.read(slot, address, width);
    }

    /// Writes the low 1, 2, 4 or 8 bytes of `value`.
    void store(long va, int width, long value) {
        int before = PAGE - ((int) va & PAGE - 1);
        if (before < width) {
            storeAcross(va, width, before, value);
            return;
        }
        long address = translate(va, Mmu.STORE);
        if (hart.trapped) {
            return;
        }
        if (ram.contains(address, width)) {
            write(GuestRam.offset(address), width, value);
            return;
        }
        int slot = (address & width - 1) == 0 ? hart.bus.find(address, width) : -1;
        if (slot < 0) {
            hart.trap(Trap.STORE_ACCESS_FAULT, va);
            return;
        }
        hart.bus.write(slot, address, width, value);
    }

    private long loadAcross(long va, int width, int before) {
        int first = inRam(va, Mmu.LOAD);
        int second = hart.trapped ? -1 : inRam(va + before, Mmu.LOAD);
        if (hart.trapped) {
            return 0;
        }
        long value = 0;
        for (int i = 0; i < width; i++) {
            int offset = i < before ? first + i : second + i - before;
            value |= (ram.read8(offset) & 0xffL) << 8 * i;
        }
        return value;
    }

    private void storeAcross(long va, int width, int before, long value) {
        int first = inRam(va, Mmu.STORE);
        int second = hart.trapped ? -1 : inRam(va + before, Mmu.STORE);
        if (hart.trapped) {
            return;
        }
        for (int i = 0; i < width; i++) {
            int offset = i < before ? first + i : second + i - before;
            ram.write8(offset, (byte) (value >>> 8 * i));
        }
    }

    /// RAM offset of `va`; devices take no access that is not naturally aligned.
    private int inRam(long va, int access) {
        long address = translate(va, access);
        if (hart.trapped) {
            return -1;
        }
        if (!ram.contains(address, 1)) {
            hart.trap(access == Mmu.LOAD ? Trap.LOAD_ACCESS_FAULT : Trap.STORE_ACCESS_FAULT, va);
            return -1;
        }
        return GuestRam.offset(address);
    }

    /// RAM offset for an atomic access, which only RAM supports.
    int atomic(long va, int access) {
        return inRam(va, access);
    }

    private long translate(long va, int access) {
        long address = hart.mmu.translate(va, access);
        if (address < 0) {
            boolean load = access == Mmu.LOAD;
            boolean page = address == Mmu.PAGE_FAULT;
            hart.trap(load ? page ? Trap.LOAD_PAGE_FAULT : Trap.LOAD_ACCESS_FAULT
                    : page ? Trap.STORE_PAGE_FAULT : Trap.STORE_ACCESS_FAULT, va);
        }
        return address;
    }

    long read(int offset, int width) {
        return switch (width) {
            case 1 -> ram.read8(offset) & 0xffL;
            case 2 -> ram.read16(offset) & 0xffffL;
            case 4 -> ram.read32(offset) & 0xffff_ffffL;
            default -> ram.read64(offset);
        };
    }

    void write(int offset, int width, long value) {
        switch (width) {
            case 1 -> ram.write8(offset, (byte) value);
            case 2 -> ram.write16(offset, (short) value);
            case 4 -> ram.write32(offset, (int) value);
            default -> ram.write64(offset, value);
        }
    }
}
