package io.sosia.appliance.machine;

import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.Stop;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// A host that runs one machine without any clock: answers disk and entropy requests at once, keeps the rest.
final class TestHost {

    final GuestMachine machine;
    final byte[] disk;
    final List<MachineOutput> outputs = new ArrayList<>();
    private final ByteArrayOutputStream console = new ByteArrayOutputStream();
    private long consoleStart;
    private boolean consoleStarted = true;
    private final Random entropy = new Random(1);
    private final List<MachineOutput> unanswered = new ArrayList<>();

    TestHost(GuestMachine machine, byte[] disk) {
        this.machine = machine;
        this.disk = disk;
    }

    static MachineInput.PowerOn powerOn() {
        byte[] seed = new byte[64];
        new Random(7).nextBytes(seed);
        return new MachineInput.PowerOn(seed, 1_750_000_000_000_000_000L);
    }

    /// Runs until `untilSteps`, or until the machine is off, wants a restart, or idles with nothing to come.
    Stop run(long untilSteps) {
        while (true) {
            Stop stop = machine.run(untilSteps);
            machine.drain(this::take);
            boolean answered = !unanswered.isEmpty();
            answerAll();
            switch (stop) {
                case IDLE -> {
                    if (!answered && machine.timerDeadlineTicks() == Long.MAX_VALUE) {
                        return stop;
                    }
                }
                case OUTPUT -> { }
                case REACHED, POWERED_OFF, RESET -> {
                    return stop;
                }
            }
        }
    }

    /// The machine has written to the console before: its bytes start at whatever offset comes first.
    void skipConsole() {
        consoleStarted = false;
    }

    /// What was written to the console.
    String console() {
        return console.toString(StandardCharsets.UTF_8);
    }

    void take(MachineOutput output) {
        switch (output) {
            case MachineOutput.ConsoleOut c -> {
                if (!consoleStarted) {
                    consoleStart = c.offset();
                    consoleStarted = true;
                }
                long expected = consoleStart + console.size();
                if (c.offset() != expected) {
                    throw new AssertionError("console offset " + c.offset() + ", expected " + expected);
                }
                console.writeBytes(c.bytes());
            }
            case MachineOutput.DiskRequest d -> unanswered.add(d);
            case MachineOutput.EntropyWanted e -> unanswered.add(e);
            case MachineOutput.FrameOut f -> outputs.add(f);
            case MachineOutput.PowerOff p -> outputs.add(p);
            case MachineOutput.ResetRequested r -> outputs.add(r);
        }
    }

    private void answerAll() {
        while (!unanswered.isEmpty()) {
            List<MachineOutput> batch = List.copyOf(unanswered);
            unanswered.clear();
            for (MachineOutput output : batch) {
                machine.apply(answer(output));
            }
            machine.drain(this::take);
        }
    }

    private MachineInput answer(MachineOutput output) {
        return switch (output) {
            case MachineOutput.EntropyWanted e -> {
                byte[] bytes = new byte[e.bytes()];
                entropy.nextBytes(bytes);
                yield new MachineInput.Entropy(bytes);
            }
            case MachineOutput.DiskRead r ->
                    completed(r, Arrays.copyOfRange(disk, (int) r.offset(), (int) r.offset() + r.length()));
            case MachineOutput.DiskWrite w -> {
                System.arraycopy(w.data(), 0, disk, (int) w.offset(), w.data().length);
                yield completed(w, new byte[0]);
            }
            case MachineOutput.DiskWriteZeroes z -> {
                for (MachineOutput.ByteRange range : z.ranges()) {
                    Arrays.fill(disk, (int) range.offset(), (int) (range.offset() + range.length()), (byte) 0);
                }
                yield completed(z, new byte[0]);
            }
            case MachineOutput.DiskRequest d -> completed(d, new byte[0]);
            case MachineOutput.ConsoleOut c -> throw new AssertionError("not a request: " + c);
            case MachineOutput.FrameOut f -> throw new AssertionError("not a request: " + f);
            case MachineOutput.PowerOff p -> throw new AssertionError("not a request: " + p);
            case MachineOutput.ResetRequested r -> throw new AssertionError("not a request: " + r);
        };
    }

    private static MachineInput completed(MachineOutput.DiskRequest request, byte[] data) {
        return new MachineInput.DiskCompleted(request.requestId(), DiskStatus.OK, data);
    }
}
