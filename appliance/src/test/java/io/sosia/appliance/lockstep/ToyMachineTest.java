package io.sosia.appliance.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.Stop;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/// What the other tests take for granted of the machine they run.
class ToyMachineTest {

    @Property(tries = 50)
    void slicingDoesNotShow(@ForAll long seed) {
        ToyMachine whole = started();
        ToyMachine pieces = started();
        SplittableRandom random = new SplittableRandom(seed);

        runTo(whole, 20_000, 20_000);
        while (pieces.steps() < 20_000) {
            runTo(pieces, Math.min(20_000, pieces.steps() + random.nextInt(200)), 1 + random.nextInt(50));
        }

        assertThat(pieces.digest()).isEqualTo(whole.digest());
    }

    @Property(tries = 50)
    void restoredMachineContinuesBitIdentically(@ForAll long seed) throws IOException {
        ToyMachine machine = started();
        runTo(machine, new SplittableRandom(seed).nextInt(5_000), 10_000);
        var copy = RandomRun.copy(machine, ToyMachine.Habits.LIVELY);
        assertThat(copy.pendingDiskRequests()).hasSameSizeAs(machine.pendingDiskRequests());
        runTo(machine, 20_000, 10_000);
        runTo((ToyMachine) copy, 20_000, 10_000);
        assertThat(copy.digest()).isEqualTo(machine.digest());
    }

    @Test
    void everyFrameIsAnswered() {
        ToyMachine machine = new ToyMachine(ToyMachine.Habits.SILENT);
        machine.apply(new MachineInput.PowerOn(new byte[32], 0));
        byte[] request = new byte[20];
        request[0] = 1;
        request[6] = 2;
        machine.apply(new MachineInput.FramesIn(List.of(request, request)));
        List<MachineOutput> outputs = new ArrayList<>();
        while (machine.run(1_000) == Stop.OUTPUT) {
            machine.drain(outputs::add);
        }
        assertThat(outputs).hasSize(2).allSatisfy(o -> {
            byte[] frame = ((MachineOutput.FrameOut) o).frame();
            assertThat(frame[0]).isEqualTo((byte) 2);
            assertThat(frame[6]).isEqualTo((byte) 1);
        });
    }

    private static ToyMachine started() {
        ToyMachine machine = new ToyMachine(ToyMachine.Habits.LIVELY);
        machine.apply(new MachineInput.PowerOn(new byte[32], 0));
        return machine;
    }

    private static void runTo(ToyMachine machine, long until, long slice) {
        while (machine.steps() < until) {
            Stop stop = machine.run(Math.min(until, machine.steps() + slice));
            machine.drain(_ -> { });
            if (stop == Stop.IDLE && machine.timerDeadlineTicks() == Long.MAX_VALUE) {
                // Waits for ever: the same input on every path to this step.
                machine.apply(new MachineInput.ConsoleIn(new byte[] {'x'}));
            }
        }
    }
}
