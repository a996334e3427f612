package io.sosia.appliance.bench;

import io.sosia.appliance.engine.EngineKind;
import io.sosia.appliance.machine.BootImage;
import io.sosia.appliance.machine.BootImageException;
import io.sosia.appliance.machine.Machine;
import io.sosia.appliance.machine.MachineSpec;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.Stop;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Our machine, on the calling thread.
final class MachineContestant implements Contestant {

    private static final long RAM_BYTES = 64L << 20;
    /// Short, so that the lap's end is noticed at once: what is executed beyond it counts for the next.
    private static final long SLICE_STEPS = 1_000_000;
    private static final long LAP_STEPS_MAX = 20_000_000_000L;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final Path elf;
    private final Machine machine;
    private final StringBuilder console = new StringBuilder();
    private String unexpected;

    private MachineContestant(Path elf, Machine machine) {
        this.elf = elf;
        this.machine = machine;
    }

    /// Builds a machine and runs it until the program is ready.
    static MachineContestant start(Path elf, EngineKind engine) throws BenchException {
        MachineContestant contestant = new MachineContestant(elf, build(elf, engine));
        contestant.machine.apply(new MachineInput.PowerOn(new byte[32], 0));
        contestant.lap();
        return contestant;
    }

    private static Machine build(Path elf, EngineKind engine) throws BenchException {
        try {
            BootImage boot = BootImage.parse(elf.toString(), ByteBuffer.wrap(Files.readAllBytes(elf)));
            return new Machine(new MachineSpec(RAM_BYTES, 0, Optional.empty(), boot, ByteBuffer.allocate(0), ""), engine.factory());
        } catch (IOException | BootImageException e) {
            throw new BenchException(e.getMessage(), e);
        }
    }

    @Override
    public Lap lap() throws BenchException {
        long steps = machine.steps();
        long thread = THREADS.getCurrentThreadCpuTime();
        long process = ProcessorClock.nanos(ProcessHandle.current().pid());
        while (console.indexOf("\n") < 0) {
            Stop stop = machine.run(machine.steps() + SLICE_STEPS);
            machine.drain(this::take);
            if (stop != Stop.REACHED || unexpected != null || machine.steps() - steps > LAP_STEPS_MAX) {
                throw new BenchException(elf.getFileName() + " did not go on in order: " + stop + " after "
                        + machine.steps() + " steps" + (unexpected == null ? "" : ", " + unexpected));
            }
        }
        double cpuSeconds = (THREADS.getCurrentThreadCpuTime() - thread) / 1e9;
        double processSeconds = (ProcessorClock.nanos(ProcessHandle.current().pid()) - process) / 1e9;
        int end = console.indexOf("\n");
        String line = console.substring(0, end).strip();
        console.delete(0, end + 1);
        return new Lap(line, machine.steps() - steps, cpuSeconds, processSeconds);
    }

    private void take(MachineOutput output) {
        switch (output) {
            case MachineOutput.ConsoleOut(long _, byte[] bytes) -> {
                for (byte each : bytes) {
                    console.append((char) (each & 0xff));
                }
            }
            case MachineOutput.PowerOff _, MachineOutput.FrameOut _, MachineOutput.ResetRequested _,
                 MachineOutput.EntropyWanted _, MachineOutput.DiskRequest _ -> unexpected = output.toString();
        }
    }

    @Override
    public void close() {
        // Nothing is held but memory.
    }
}
