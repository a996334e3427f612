package io.sosia.appliance.node;

import io.sosia.appliance.machine.Programs;
import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.asm.Reg;
import io.sosia.appliance.machine.memory.GuestRam;

/// A guest that writes a page of its disk for ever, one after the other and all over it, each as soon as the last is done or a while
/// later, and a letter to its console with each. The last sector of every page stays as it was. `p` typed switches it off.
final class WritingGuest {

    static final int PAGE_BYTES = 4096;
    /// Bytes of a page that it writes: all but a sector.
    static final int WRITTEN_BYTES = PAGE_BYTES - 512;

    /// Where in a page its number stands once more.
    static final int AGAIN = 1024;
    static final long FIRST = 1;

    private static final int FACTOR = 5;
    private static final int SUMMAND = 3;

    private static final long UART = 0x1000_0000L;
    private static final int FIFO_CONTROL = 2;
    private static final int LINE_STATUS = 5;
    private static final long QUEUE = GuestRam.BASE + (8 << 20);
    private static final long HEADER = QUEUE + 0x3000;
    private static final long STATUS = QUEUE + 0x3100;
    private static final long DATA = QUEUE + 0x4000;

    private WritingGuest() {}

    /// @param diskPages  size of the disk in pages of 4 KiB, a power of two
    /// @param pauseTicks guest time between two writes
    static byte[] elf(int diskPages, long pauseTicks) {
        return Programs.elf(a -> program(a, diskPages, pauseTicks));
    }

    private static void program(Assembler a, int diskPages, long pauseTicks) {
        startDisk(a);
        a.li(Reg.S0, UART);
        a.li(Reg.T0, 1);
        a.sb(Reg.T0, Reg.S0, FIFO_CONTROL);
        a.li(Reg.S1, FIRST);
        a.li(Reg.S2, QUEUE + 0x1000);
        a.li(Reg.S3, QUEUE + 0x2000);
        a.li(Reg.S4, HEADER);
        a.li(Reg.S5, DATA);
        a.li(Reg.S6, Programs.DISK);
        Label off = new Label();
        Label quiet = new Label();
        Label forever = a.mark();
        a.lbu(Reg.T0, Reg.S0, LINE_STATUS);
        a.andi(Reg.T0, Reg.T0, 1);
        a.beq(Reg.T0, Reg.ZERO, quiet);
        a.lbu(Reg.T0, Reg.S0, 0);
        a.li(Reg.T1, 'p');
        a.beq(Reg.T0, Reg.T1, off);
        a.bind(quiet);
        // The next number of a sequence that comes by every page; it is also what is written.
        a.li(Reg.T0, FACTOR);
        a.mul(Reg.S1, Reg.S1, Reg.T0);
        a.addi(Reg.S1, Reg.S1, SUMMAND);
        a.sd(Reg.S1, Reg.S5, 0);
        a.sd(Reg.S1, Reg.S5, AGAIN);
        a.li(Reg.T1, diskPages - 1);
        a.and(Reg.T0, Reg.S1, Reg.T1);
        a.slli(Reg.T0, Reg.T0, 3);
        a.sd(Reg.T0, Reg.S4, 8);
        a.lhu(Reg.T1, Reg.S2, 2);
        a.addi(Reg.T1, Reg.T1, 1);
        a.sh(Reg.T1, Reg.S2, 2);
        a.sw(Reg.ZERO, Reg.S6, 0x50);
        a.li(Reg.T0, '.');
        a.sb(Reg.T0, Reg.S0, 0);
        Label wait = a.mark();
        Label done = new Label();
        a.lhu(Reg.T0, Reg.S3, 2);
        a.lhu(Reg.T1, Reg.S2, 2);
        a.beq(Reg.T0, Reg.T1, done);
        Programs.sleep(a, 200);
        a.j(wait);
        a.bind(done);
        if (pauseTicks > 0) {
            Programs.sleep(a, pauseTicks);
        }
        a.j(forever);
        a.bind(off);
        Programs.systemReset(a, 0, 0);
    }

    /// What it writes after `number`; the number's lowest bits are the page it is written to.
    static long next(long number) {
        return number * FACTOR + SUMMAND;
    }

    private static void startDisk(Assembler a) {
        long disk = Programs.DISK;
        store32(a, disk + 0x70, 3);
        store32(a, disk + 0x24, 1);
        store32(a, disk + 0x20, 1);
        store32(a, disk + 0x70, 11);
        store32(a, disk + 0x38, 4);
        store32(a, disk + 0x80, QUEUE);
        store32(a, disk + 0x90, QUEUE + 0x1000);
        store32(a, disk + 0xa0, QUEUE + 0x2000);
        store32(a, disk + 0x44, 1);
        store32(a, disk + 0x70, 15);
        store32(a, HEADER, 1);
        describe(a, 0, HEADER, 16, 1, 1);
        describe(a, 1, DATA, WRITTEN_BYTES, 1, 2);
        describe(a, 2, STATUS, 1, 2, 0);
    }

    private static void describe(Assembler a, int index, long address, int length, int flags, int next) {
        store32(a, QUEUE + 16 * index, address);
        store32(a, QUEUE + 16 * index + 8, length);
        store32(a, QUEUE + 16 * index + 12, flags | next << 16);
    }

    private static void store32(Assembler a, long address, long value) {
        a.li(Reg.T0, address);
        a.li(Reg.T1, (int) value);
        a.sw(Reg.T1, Reg.T0, 0);
    }
}
