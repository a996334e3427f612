package io.sosia.appliance.bench;

import io.sosia.appliance.machine.BootImage;
import io.sosia.appliance.machine.BootImageException;
import io.sosia.appliance.machine.Machine;
import io.sosia.appliance.machine.MachineSpec;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.Stop;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// One run of a program on our machine.
///
/// @param steps      steps executed
/// @param cpuSeconds CPU time of the thread that executed them
/// @param output     what the program wrote to the console
record MachineRun(long steps, double cpuSeconds, String output) {

    private static final long RAM_BYTES = 64L << 20;
    private static final long SLICE_STEPS = 10_000_000;
    private static final long STEPS_MAX = 20_000_000_000L;

    /// Runs an ELF until it shuts down.
    ///
    /// @throws BenchException when it cannot be loaded or does not end in order
    static MachineRun of(Path elf) throws BenchException {
        Machine machine = build(elf);
        ByteArrayOutputStream console = new ByteArrayOutputStream();
        boolean[] failed = {false};
        var threads = ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadCpuTime();
        machine.apply(new MachineInput.PowerOn(new byte[32], 0));
        Stop stop;
        do {
            stop = machine.run(machine.steps() + SLICE_STEPS);
            machine.drain(output -> {
                switch (output) {
                    case MachineOutput.ConsoleOut(long _, byte[] bytes) -> console.writeBytes(bytes);
                    case MachineOutput.PowerOff(boolean failure) -> failed[0] = failure;
                    case MachineOutput.FrameOut _, MachineOutput.ResetRequested _, MachineOutput.EntropyWanted _,
                         MachineOutput.DiskRequest _ -> failed[0] = true;
                }
            });
        } while ((stop == Stop.REACHED || stop == Stop.OUTPUT) && machine.steps() < STEPS_MAX);
        double cpuSeconds = (threads.getCurrentThreadCpuTime() - before) / 1e9;
        if (stop != Stop.POWERED_OFF || failed[0]) {
            throw new BenchException(elf.getFileName() + " did not shut down in order: " + stop + " after "
                    + machine.steps() + " steps");
        }
        return new MachineRun(machine.steps(), cpuSeconds, console.toString(StandardCharsets.UTF_8).strip());
    }

    private static Machine build(Path elf) throws BenchException {
        try {
            BootImage boot = BootImage.parse(elf.toString(), Files.readAllBytes(elf));
            return new Machine(new MachineSpec(RAM_BYTES, 0, Optional.empty(), boot, new byte[0], ""));
        } catch (IOException | BootImageException e) {
            throw new BenchException(e.getMessage(), e);
        }
    }

    double mips() {
        return steps / cpuSeconds / 1e6;
    }
}
