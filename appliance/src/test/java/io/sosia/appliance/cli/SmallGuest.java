package io.sosia.appliance.cli;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.asm.Reg;
import io.sosia.appliance.machine.memory.GuestRam;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/// A guest of a few instructions as an ELF file: greets, prints in upper case what is typed, with the guest time
/// stirred into its memory so that a wrong clock shows in the digest; ends at `p` (shutdown), `f` (system failure) or
/// `r` (restart).
final class SmallGuest {
    private static final long UART = 0x1000_0000L;
    private static final int LINE_STATUS = 5;
    private static final long SRST = 0x5352_5354L;
    private static final int TIME = 0xc01;

    private SmallGuest() {}

    static byte[] elf() {
        Assembler a = new Assembler(GuestRam.BASE);
        a.li(Reg.S0, UART);
        a.li(Reg.S1, GuestRam.BASE + 0x10_0000);
        for (byte c : "hello\n".getBytes(StandardCharsets.US_ASCII)) {
            a.li(Reg.T0, c);
            a.sb(Reg.T0, Reg.S0, 0);
        }
        Label poll = new Label();
        Label shutdown = new Label();
        Label failure = new Label();
        Label restart = new Label();
        a.bind(poll);
        a.csrr(Reg.T2, TIME);
        a.ld(Reg.T1, Reg.S1, 0);
        a.add(Reg.T1, Reg.T1, Reg.T2);
        a.sd(Reg.T1, Reg.S1, 0);
        a.lbu(Reg.T0, Reg.S0, LINE_STATUS);
        a.andi(Reg.T0, Reg.T0, 1);
        a.beq(Reg.T0, Reg.ZERO, poll);
        a.lbu(Reg.T0, Reg.S0, 0);
        for (var end : List.of(Map.entry('p', shutdown), Map.entry('f', failure),
                Map.entry('r', restart))) {
            a.li(Reg.T1, end.getKey());
            a.beq(Reg.T0, Reg.T1, end.getValue());
        }
        a.andi(Reg.T0, Reg.T0, ~0x20);
        a.sb(Reg.T0, Reg.S0, 0);
        a.j(poll);
        reset(a, shutdown, 0, 0);
        reset(a, failure, 0, 1);
        reset(a, restart, 1, 0);
        return file(a.bytes());
    }

    private static void reset(Assembler a, Label at, int type, int reason) {
        a.bind(at);
        a.li(Reg.A7, SRST);
        a.li(Reg.A6, 0);
        a.li(Reg.A0, type);
        a.li(Reg.A1, reason);
        a.ecall();
    }

    /// An ELF64 executable of one segment at the start of RAM.
    private static byte[] file(byte[] code) {
        ByteBuffer elf = ByteBuffer.allocate(0x1000 + code.length).order(ByteOrder.LITTLE_ENDIAN);
        elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
        elf.putShort((short) 2).putShort((short) 243).putInt(1).putLong(GuestRam.BASE).putLong(64).putLong(0);
        elf.putInt(0).putShort((short) 64).putShort((short) 56).putShort((short) 1);
        elf.position(64);
        elf.putInt(1).putInt(5).putLong(0x1000).putLong(GuestRam.BASE).putLong(GuestRam.BASE);
        elf.putLong(code.length).putLong(code.length).putLong(0x1000);
        elf.position(0x1000);
        return elf.put(code).array();
    }
}
