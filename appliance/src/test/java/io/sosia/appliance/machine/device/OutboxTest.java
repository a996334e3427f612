package io.sosia.appliance.machine.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.ByteRange;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OutboxTest {

    private int stops;
    private final Outbox outbox = new Outbox(() -> stops++);

    private List<MachineOutput> drained() {
        List<MachineOutput> outputs = new ArrayList<>();
        outbox.drain(outputs::add);
        return outputs;
    }

    private static void fill(Outbox outbox, boolean drainOften) {
        for (int i = 0; i < 100; i++) {
            outbox.console('a' + i % 26);
            if (i % 7 == 0) {
                outbox.add(new MachineOutput.FrameOut(new byte[] {1, 2, (byte) i}));
            }
            if (drainOften) {
                outbox.drain(o -> { });
            }
        }
        outbox.add(new MachineOutput.PowerOff(true));
    }

    @Test
    void consoleBytesStopNobodyUntilTheyAreMany() {
        for (int i = 0; i < Outbox.CONSOLE_BYTES_MAX - 1; i++) {
            outbox.console('x');
        }
        assertThat(stops).isZero();
        assertThat(outbox.mustBeDrained()).isFalse();
        outbox.console('x');
        assertThat(stops).isEqualTo(1);
        assertThat(outbox.mustBeDrained()).isTrue();
        assertThat(drained()).hasSize(1);
        assertThat(outbox.mustBeDrained()).isFalse();
    }

    @Test
    void orderIsKeptAndOffsetsCountOn() {
        outbox.console('a');
        outbox.add(new MachineOutput.FrameOut(new byte[14]));
        outbox.console('b');
        List<MachineOutput> outputs = drained();
        assertThat(outputs).hasSize(3);
        assertThat(((MachineOutput.ConsoleOut) outputs.get(2)).offset()).isEqualTo(1);
        outbox.console('c');
        assertThat(((MachineOutput.ConsoleOut) drained().getFirst()).offset()).isEqualTo(2);
        assertThat(drained()).isEmpty();
    }

    @Test
    void hashDoesNotDependOnDraining() {
        Outbox other = new Outbox(() -> { });
        fill(outbox, true);
        fill(other, false);
        assertThat(outbox.hash()).isEqualTo(other.hash());
        other.console('!');
        assertThat(outbox.hash()).isNotEqualTo(other.hash());
    }

    @Test
    void savedOutputsAreHandedOverByTheCopy() throws IOException {
        outbox.console('a');
        outbox.add(new MachineOutput.FrameOut(new byte[] {1, 2, 3}));
        outbox.add(new MachineOutput.EntropyWanted(17));
        outbox.add(new MachineOutput.DiskRead(0, 512, 1024));
        outbox.add(new MachineOutput.DiskWrite(1, 1024, new byte[512]));
        outbox.add(new MachineOutput.DiskFlush(2));
        outbox.add(new MachineOutput.DiskDiscard(3, List.of(new ByteRange(0, 512))));
        outbox.add(new MachineOutput.DiskWriteZeroes(4, List.of(new ByteRange(512, 512)), true));
        outbox.add(new MachineOutput.ResetRequested(false));
        outbox.add(new MachineOutput.PowerOff(true));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        outbox.save(new DataOutputStream(bytes));
        Outbox copy = new Outbox(() -> { });
        copy.load(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
        assertThat(copy.mustBeDrained()).isTrue();
        List<MachineOutput> outputs = new ArrayList<>();
        copy.drain(outputs::add);
        assertThat(outputs).usingRecursiveComparison().isEqualTo(drained());
        assertThat(copy.hash()).isEqualTo(outbox.hash());
    }
}
