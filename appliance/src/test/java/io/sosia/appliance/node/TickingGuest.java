package io.sosia.appliance.node;

import io.sosia.appliance.machine.Programs;
import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.asm.Reg;

/// A guest that writes the alphabet to its console for ever, a letter every few milliseconds of guest time: what is
/// missing or written twice shows at once. `p` typed switches it off, `r` restarts it (the alphabet then begins anew).
public final class TickingGuest {

    private static final long UART = 0x1000_0000L;
    private static final int FIFO_CONTROL = 2;
    private static final int LINE_STATUS = 5;
    private static final int SLEEP_TICKS = 20_000;

    private TickingGuest() {}

    static byte[] elf() {
        return Programs.elf(TickingGuest::program);
    }

    private static void program(Assembler a) {
        Label off = new Label();
        Label restart = new Label();
        a.li(Reg.S0, UART);
        a.li(Reg.T0, 1);
        a.sb(Reg.T0, Reg.S0, FIFO_CONTROL);
        a.li(Reg.S1, 'a');
        Label forever = a.mark();
        Label quiet = new Label();
        a.lbu(Reg.T0, Reg.S0, LINE_STATUS);
        a.andi(Reg.T0, Reg.T0, 1);
        a.beq(Reg.T0, Reg.ZERO, quiet);
        a.lbu(Reg.T0, Reg.S0, 0);
        a.li(Reg.T1, 'p');
        a.beq(Reg.T0, Reg.T1, off);
        a.li(Reg.T1, 'r');
        a.beq(Reg.T0, Reg.T1, restart);
        a.bind(quiet);
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
        a.bind(restart);
        Programs.systemReset(a, 1, 0);
    }

    /// Whether these bytes, from this offset of the console on, are a piece of the alphabet without a gap or a
    /// repetition.
    public static boolean goesOn(long offset, byte[] bytes) {
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] != 'a' + (offset + i) % 26) {
                return false;
            }
        }
        return true;
    }
}
