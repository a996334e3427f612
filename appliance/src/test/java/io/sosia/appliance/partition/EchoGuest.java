package io.sosia.appliance.partition;

import io.sosia.appliance.machine.Programs;
import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.asm.Reg;

/// A guest that answers every letter typed on its console with that letter, once its disk has a block; with `!` when the disk
/// fails. What it has answered thus tells which letters it was given, in which order. Every answer is another block, so that in
/// its first run the disk of its host has to find room for it.
final class EchoGuest {

    static final int DISK_BYTES = 32 << 20;

    private static final long UART = 0x1000_0000L;
    private static final int FIFO_CONTROL = 2;
    private static final int LINE_STATUS = 5;
    private static final int BLOCKS = DISK_BYTES / 4096;
    private static final int SLEEP_TICKS = 20_000;

    private EchoGuest() {}

    static byte[] elf() {
        return Programs.elf(EchoGuest::program);
    }

    private static void program(Assembler a) {
        Label typed = new Label();
        Label answer = new Label();
        a.li(Reg.S0, UART);
        a.li(Reg.T0, 1);
        a.sb(Reg.T0, Reg.S0, FIFO_CONTROL);
        Programs.startDiskWriter(a);
        a.li(Reg.S1, 0);
        Label forever = a.mark();
        a.lbu(Reg.T0, Reg.S0, LINE_STATUS);
        a.andi(Reg.T0, Reg.T0, 1);
        a.bne(Reg.T0, Reg.ZERO, typed);
        Programs.sleep(a, SLEEP_TICKS);
        a.j(forever);
        a.bind(typed);
        a.lbu(Reg.S2, Reg.S0, 0);
        a.addi(Reg.S1, Reg.S1, 1);
        a.li(Reg.T0, BLOCKS - 1);
        a.and(Reg.S3, Reg.S1, Reg.T0);
        Programs.writeDisk(a, Reg.S3, Reg.S1);
        Programs.diskStatus(a, Reg.T0);
        a.beq(Reg.T0, Reg.ZERO, answer);
        a.li(Reg.S2, '!');
        a.bind(answer);
        a.sb(Reg.S2, Reg.S0, 0);
        a.j(forever);
    }
}
