package io.sosia.appliance.node;

import io.sosia.appliance.machine.Programs;
import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.asm.Reg;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// A guest that goes round its disk for ever, a block a round: it writes the round's number there, waits for the disk, then
/// writes the alphabet's next letter to its console. So a disk's whole content tells the number of rounds, and so does the
/// console. `p` typed switches it off.
final class LedgerGuest {

    private static final long UART = 0x1000_0000L;
    private static final int FIFO_CONTROL = 2;
    private static final int LINE_STATUS = 5;
    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS = PairFiles.DISK_BYTES / BLOCK_BYTES;
    private static final int SLEEP_TICKS = 500;

    private LedgerGuest() {}

    static byte[] elf() {
        return Programs.elf(LedgerGuest::program);
    }

    private static void program(Assembler a) {
        Label off = new Label();
        a.li(Reg.S0, UART);
        a.li(Reg.T0, 1);
        a.sb(Reg.T0, Reg.S0, FIFO_CONTROL);
        Programs.startDiskWriter(a);
        a.li(Reg.S1, 'a');
        a.li(Reg.S2, 0);
        Label forever = a.mark();
        Label quiet = new Label();
        a.lbu(Reg.T0, Reg.S0, LINE_STATUS);
        a.andi(Reg.T0, Reg.T0, 1);
        a.beq(Reg.T0, Reg.ZERO, quiet);
        a.lbu(Reg.T0, Reg.S0, 0);
        a.li(Reg.T1, 'p');
        a.beq(Reg.T0, Reg.T1, off);
        a.bind(quiet);
        a.addi(Reg.S2, Reg.S2, 1);
        a.andi(Reg.S3, Reg.S2, BLOCKS - 1);
        Programs.writeDisk(a, Reg.S3, Reg.S2);
        a.sb(Reg.S1, Reg.S0, 0);
        a.addi(Reg.S1, Reg.S1, 1);
        Label letter = new Label();
        a.li(Reg.T1, 'z' + 1);
        a.bne(Reg.S1, Reg.T1, letter);
        a.li(Reg.S1, 'a');
        a.bind(letter);
        Programs.sleep(a, SLEEP_TICKS);
        a.j(forever);
        a.bind(off);
        Programs.systemReset(a, 0, 0);
    }

    /// The disk after so many rounds.
    static byte[] disk(byte[] original, long rounds) {
        byte[] disk = original.clone();
        for (long round = Math.max(1, rounds - BLOCKS + 1); round <= rounds; round++) {
            int at = (int) (round % BLOCKS) * BLOCK_BYTES;
            Arrays.fill(disk, at, at + BLOCK_BYTES, (byte) 0);
            ByteBuffer.wrap(disk).order(ByteOrder.LITTLE_ENDIAN).putLong(at, round);
        }
        return disk;
    }
}
