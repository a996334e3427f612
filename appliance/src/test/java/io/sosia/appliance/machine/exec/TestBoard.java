package io.sosia.appliance.machine.exec;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.bus.Bus;
import io.sosia.appliance.machine.cpu.GuestClock;
import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.memory.GuestRam;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import java.util.function.Function;

/// A hart with RAM, an empty bus and an engine: enough to run test programs. A program ends by an `ecall` from S-mode,
/// which requests a stop.
public final class TestBoard {

    public static final long BASE = GuestRam.BASE;

    private static final long RAM_BYTES = 4 << 20;

    public final GuestRam ram = new GuestRam(RAM_BYTES);
    public final Bus bus = new Bus();
    public final GuestClock clock = new GuestClock();
    public final Hart hart = new Hart(ram, bus, clock);
    public final Engine engine;
    public boolean ended;

    public TestBoard() {
        this(Interpreter::new);
    }

    public TestBoard(Function<Hart, Engine> engine) {
        this.engine = engine.apply(hart);
        hart.setFirmware(h -> {
            ended = true;
            h.requestStop();
        });
        hart.reset(BASE, 0, 0);
    }

    /// A board with the program at [#BASE], where the hart starts.
    public static TestBoard with(Assembler program) {
        TestBoard board = new TestBoard();
        board.put(BASE, program.bytes());
        return board;
    }

    public void put(long address, byte[] bytes) {
        ram.write(GuestRam.offset(address), bytes, 0, bytes.length);
    }

    public long read64(long address) {
        return ram.read64(GuestRam.offset(address));
    }

    /// Runs until the program ends; an error if it takes more than a million steps.
    public TestBoard runToEnd() {
        long limit = hart.steps() + 1_000_000;
        while (!ended) {
            engine.run(limit);
            if (!ended && (hart.steps() >= limit || hart.waiting())) {
                throw new AssertionError("program did not end: pc 0x%x, steps %d, scause 0x%x, stval 0x%x, sepc 0x%x".formatted(
                        hart.pc(), hart.steps(), hart.csr(0x142), hart.csr(0x143), hart.csr(0x141)));
            }
        }
        return this;
    }

    /// The complete state of hart and clock.
    public byte[] state() {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            hart.save(out);
            clock.save(out);
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String stateText() {
        return HexFormat.of().formatHex(state());
    }

    public void loadState(byte[] state) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(state));
        hart.load(in);
        clock.load(in);
    }
}
