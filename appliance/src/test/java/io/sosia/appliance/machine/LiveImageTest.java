package io.sosia.appliance.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.clone.CloneAssembly;
import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.clone.MemorySender;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.machine.exec.Interpreter;
import io.sosia.appliance.machine.translate.EagerTranslator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LiveImageTest {

    private static final MachineSpec SPEC = Programs.spec(Programs::worker);
    private static final byte[] DISK = new byte[1 << 20];

    static {
        new Random(5).nextBytes(DISK);
    }

    private static void sendRest(Machine from, MemorySender sender, CloneAssembly to) throws IOException {
        for (ClonePart.Pages part : sender.rest()) {
            to.take(part);
        }
        byte[] state = from.image().state();
        to.take(new ClonePart.State(state));
        to.take(new ClonePart.Cut(RunPoint.start(1), state.length));
    }

    private static byte[] saved(Machine machine) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        machine.save(bytes);
        return bytes.toByteArray();
    }

    @Test
    void aMachineCopiedWhileItRunsContinuesBitIdentically() throws IOException {
        for (int seed = 1; seed <= 4; seed++) {
            Random random = new Random(seed);
            Machine running = seed % 2 == 0 ? new Machine(SPEC) : new Machine(SPEC, EagerTranslator::on);
            running.apply(TestHost.powerOn());
            TestHost host = new TestHost(running, DISK.clone());
            host.run(1 + random.nextInt(60_000));
            Machine copy = new Machine(SPEC);
            CloneAssembly assembly = new CloneAssembly(copy.image());
            MemorySender sender = new MemorySender(running.image());
            int parts = 0;
            while (!sender.restIsSmall() || parts < 160) {
                Optional<ClonePart.Pages> part = sender.next();
                if (part.isPresent()) {
                    assembly.take(part.get());
                }
                parts++;
                host.run(running.steps() + random.nextInt(400));
            }
            assertThat(sender.rounds()).isPositive();
            sendRest(running, sender, assembly);
            assertThat(copy.digest()).as("seed %d", seed).isEqualTo(running.digest());
            assertThat(saved(copy)).isEqualTo(saved(running));
            long end = running.steps() + 80_000;
            TestHost other = new TestHost(copy, host.disk.clone());
            other.skipConsole();
            host.run(end);
            other.run(end);
            assertThat(copy.digest()).isEqualTo(running.digest());
        }
    }

    @Test
    void onlyWhatHasChangedIsSentAgain() {
        Machine machine = new Machine(SPEC);
        machine.apply(TestHost.powerOn());
        MemorySender sender = new MemorySender(machine.image());
        while (sender.next().isPresent()) { }
        assertThat(sender.pagesSent()).isEqualTo(machine.image().pages());
        assertThat(sender.rest()).isEmpty();
        new TestHost(machine, DISK.clone()).run(200);
        List<ClonePart.Pages> rest = sender.rest();
        assertThat(rest).hasSize(1);
        assertThat(rest.getFirst().pages()).hasSizeBetween(1, 20);
    }

    @Test
    void aMachineThatChangesMoreThanCanBeSentIsSlowed() {
        Machine machine = new Machine(SPEC, Interpreter::new);
        machine.apply(TestHost.powerOn());
        MemorySender sender = new MemorySender(machine.image());
        for (int i = 0; i < 10_000 && sender.rounds() < 6; i++) {
            if (sender.next().isPresent()) {
                machine.image().markAllChanged();
            }
        }
        assertThat(sender.rounds()).isEqualTo(6);
        assertThat(sender.pace()).isLessThan(0.5).isGreaterThanOrEqualTo(0.1);
        assertThat(sender.restIsSmall()).isFalse();
    }

    @Test
    void whatDoesNotFitIsRefused() throws IOException {
        Machine copy = new Machine(SPEC);
        CloneAssembly assembly = new CloneAssembly(copy.image());
        int beyond = copy.image().pages();
        assertThatThrownBy(() -> assembly.take(new ClonePart.Pages(new int[] {~beyond}, new byte[0])))
                .isInstanceOf(IOException.class).hasMessageContaining("page " + beyond);
        assembly.take(new ClonePart.State(new byte[3]));
        assertThatThrownBy(() -> assembly.take(new ClonePart.Cut(RunPoint.start(1), 4)))
                .isInstanceOf(IOException.class).hasMessageContaining("3 bytes, expected 4");
        assertThatThrownBy(() -> new ClonePart.Pages(new int[] {1, ~2}, new byte[0]))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
