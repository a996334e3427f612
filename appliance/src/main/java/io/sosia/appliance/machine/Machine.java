package io.sosia.appliance.machine;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.device.Outbox;
import io.sosia.appliance.machine.exec.Engine;
import io.sosia.appliance.machine.exec.Interpreter;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.machine.port.MachineImage;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.Stop;
import io.sosia.appliance.machine.state.BadStateException;
import io.sosia.appliance.machine.virtio.NetworkDevice;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/// A RISC-V computer with one hart: the board of QEMU's `virt` machine, its own firmware, and nothing that looks
/// outside.
///
/// It is built switched off and does nothing until [MachineInput.PowerOn] is applied. One thread at a time may use it.
public final class Machine implements GuestMachine {

    private static final int SIE = 0x104;
    private static final long EXTERNAL_INTERRUPT = 1 << 9;

    private final MachineSpec spec;
    private final Board board;
    private final Hart hart;
    private final Digest digest;
    /// Whether the caller knows of the wait the hart is in: only then may time pass in it. Not part of the state, since
    /// passing happens when the step is left, whoever was told what before.
    private boolean idleReported;

    /// @param engine makes the engine that is to run the hart
    public Machine(MachineSpec spec, Function<Hart, Engine> engine) {
        this.spec = spec;
        board = new Board(spec, engine);
        hart = board.hart;
        digest = new Digest(board);
    }

    /// A machine run by the interpreter.
    public Machine(MachineSpec spec) {
        this(spec, Interpreter::new);
    }

    /// What this machine was built from.
    public MachineSpec spec() {
        return spec;
    }

    @Override
    public long steps() {
        return hart.steps();
    }

    @Override
    public Stop run(long untilSteps) {
        if (untilSteps < hart.steps()) {
            throw new IllegalArgumentException("run until step " + untilSteps + ", expected " + hart.steps()
                    + " or later");
        }
        if (untilSteps == hart.steps()) {
            return Stop.REACHED;
        }
        while (hart.steps() < untilSteps) {
            Stop stop = reasonToStop();
            if (stop != null) {
                return stop;
            }
            if (hart.waiting() && !endWait()) {
                return Stop.IDLE;
            }
            board.rtc.checkAlarm();
            board.engine.run(Math.min(untilSteps, board.clock.stepReaching(board.rtc.alarmTicks())));
            board.rtc.checkAlarm();
            idleReported = false;
        }
        Stop stop = reasonToStop();
        return stop == null ? Stop.REACHED : stop;
    }

    /// Why nothing may be executed now, or null.
    private Stop reasonToStop() {
        if (board.outbox.mustBeDrained()) {
            return Stop.OUTPUT;
        }
        if (hart.waiting() && board.power() == Board.Power.ON && !idleReported) {
            idleReported = true;
            return Stop.IDLE;
        }
        return switch (board.power()) {
            case ON -> null;
            case OFF -> Stop.POWERED_OFF;
            case RESTART -> Stop.RESET;
        };
    }

    /// Passes guest time to what ends the wait; false when nothing will but an input. The engine executes at least one
    /// step right after, so a step has one time only.
    private boolean endWait() {
        long deadline = timerDeadlineTicks();
        if (deadline == Long.MAX_VALUE) {
            return false;
        }
        board.clock.passTo(hart.steps(), Math.max(hart.ticks(), deadline));
        board.rtc.checkAlarm();
        return true;
    }

    @Override
    public void apply(MachineInput input) {
        idleReported = false;
        switch (input) {
            case MachineInput.PowerOn p -> board.powerOn(p.seed(), p.wallClockNanos());
            case MachineInput.FramesIn f -> receive(f.frames());
            case MachineInput.ConsoleIn c -> board.uart.receive(c.bytes());
            case MachineInput.DiskCompleted d -> {
                require(board.disk != null, "a disk completion", "a disk");
                board.disk.complete(d);
            }
            case MachineInput.ClockAdjust a -> {
                board.clock.adjust(hart.steps(), a.ticks(), a.ticksPerStepQ32());
                board.rtc.checkAlarm();
            }
            case MachineInput.Entropy e -> board.entropy.fill(e.bytes());
        }
    }

    private void receive(List<byte[]> frames) {
        require(board.network != null, "frames", "a network card");
        for (byte[] frame : frames) {
            if (frame.length < NetworkDevice.FRAME_BYTES_MIN || frame.length > Outbox.FRAME_BYTES_MAX) {
                throw new IllegalStateException("frame of " + frame.length + " bytes, expected "
                        + NetworkDevice.FRAME_BYTES_MIN + " to " + Outbox.FRAME_BYTES_MAX);
            }
        }
        board.network.receive(frames);
    }

    private static void require(boolean present, String input, String device) {
        if (!present) {
            throw new IllegalStateException(input + " for a machine built without " + device);
        }
    }

    @Override
    public void drain(Consumer<MachineOutput> outbox) {
        board.outbox.drain(outbox);
    }

    @Override
    public long ticks() {
        return hart.ticks();
    }

    @Override
    public long ticksPerStepQ32() {
        return board.clock.rate();
    }

    @Override
    public long timerDeadlineTicks() {
        return Math.min(hart.timerDeadlineTicks(), alarmWakes() ? board.rtc.alarmTicks() : Long.MAX_VALUE);
    }

    /// Whether the RTC's alarm would end a wait: an alarm that nobody listens to must not, or time would pass twice at
    /// one step.
    private boolean alarmWakes() {
        return board.rtc.interruptEnabled() && board.plic.passes(BoardLayout.RTC_IRQ)
                && (hart.csr(SIE) & EXTERNAL_INTERRUPT) != 0;
    }

    @Override
    public int consoleRoom() {
        return board.power() == Board.Power.ON ? board.uart.room() : 0;
    }

    @Override
    public int frameRoom() {
        return board.network == null ? 0 : board.network.room();
    }

    @Override
    public List<MachineOutput.DiskRequest> pendingDiskRequests() {
        return board.disk == null ? List.of() : board.disk.pending();
    }

    @Override
    public int pendingEntropy() {
        return board.entropy.pending();
    }

    @Override
    public long digest() {
        return digest.now();
    }

    @Override
    public MachineImage image() {
        return new LiveImage(board);
    }

    @Override
    public void save(OutputStream out) throws IOException {
        Snapshot.write(spec, board, out);
    }

    @Override
    public void load(InputStream in) throws IOException {
        Snapshot.read(spec, board, in);
    }

    /// Reads what [#save] wrote into a new machine, which continues bit-identically.
    ///
    /// @param spec   what the saved machine was built from; a difference is named
    /// @param engine makes the engine that is to run the hart
    /// @throws BadStateException when the stream does not hold a complete snapshot of such a machine; one line says why
    public static Machine restore(InputStream in, MachineSpec spec, Function<Hart, Engine> engine) throws IOException {
        Machine machine = new Machine(spec, engine);
        machine.load(in);
        return machine;
    }

    /// As [#restore(InputStream, MachineSpec, Function)], run by the interpreter.
    public static Machine restore(InputStream in, MachineSpec spec) throws IOException {
        return restore(in, spec, Interpreter::new);
    }
}
