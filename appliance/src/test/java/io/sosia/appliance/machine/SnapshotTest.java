package io.sosia.appliance.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.exec.Interpreter;
import io.sosia.appliance.machine.state.BadStateException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class SnapshotTest {

    private static final int HEADER_BYTES = 60;
    private static final MachineSpec SPEC = Programs.spec(Programs::worker);

    private static Machine atStep(long steps) {
        Machine machine = new Machine(SPEC);
        machine.apply(TestHost.powerOn());
        new TestHost(machine, disk()).run(steps);
        return machine;
    }

    private static byte[] disk() {
        byte[] disk = new byte[1 << 20];
        new Random(3).nextBytes(disk);
        return disk;
    }

    private static byte[] saved(Machine machine) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        machine.save(bytes);
        return bytes.toByteArray();
    }

    private static Machine restored(byte[] bytes) throws IOException {
        return Machine.restore(new ByteArrayInputStream(bytes), SPEC);
    }

    /// Reads into a board that was read into before: cheaper than a new one for each bad snapshot.
    private static void read(Board board, byte[] bytes) throws IOException {
        Snapshot.read(SPEC, board, new ByteArrayInputStream(bytes));
    }

    @Test
    void runContinuesBitIdentically() throws IOException {
        long end = 250_000;
        Machine whole = atStep(end);
        Random random = new Random(11);
        for (int i = 0; i < 6; i++) {
            Machine copy = restored(saved(atStep(1 + random.nextInt((int) end))));
            assertThat(continued(copy, end).digest()).isEqualTo(whole.digest());
            assertThat(saved(copy)).isEqualTo(saved(whole));
        }
    }

    private static Machine continued(Machine machine, long end) {
        TestHost host = new TestHost(machine, disk());
        host.skipConsole();
        host.run(end);
        return machine;
    }

    @Test
    void requestsInFlightAndUndrainedOutputsTravel() throws IOException {
        Machine machine = Programs.machine(Programs::worker);
        machine.run(1_000_000);
        assertThat(machine.pendingDiskRequests()).hasSize(1);
        Machine copy = restored(saved(machine));
        assertThat(copy.pendingDiskRequests()).isEqualTo(machine.pendingDiskRequests());
        assertThat(copy.digest()).isEqualTo(machine.digest());
        continued(copy, 100_000);
        new TestHost(machine, disk()).run(100_000);
        assertThat(copy.digest()).isEqualTo(machine.digest());
    }

    @Test
    void zeroPagesAreLeftOut() throws IOException {
        assertThat(saved(new Machine(SPEC)).length).isLessThan(4096);
        assertThat(saved(atStep(1000)).length).isLessThan(1_000_000);
    }

    @Test
    void cutSnapshotIsNamed() throws IOException {
        byte[] bytes = saved(atStep(20_000));
        Board board = new Board(SPEC, Interpreter::new);
        for (int length = 0; length < bytes.length; length += 1 + length / 7) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> read(board, cut)).as("length %d", length).isInstanceOf(BadStateException.class)
                    .hasMessageContaining("cut");
        }
    }

    @Test
    void everyFlippedBitIsNoticed() throws IOException {
        byte[] bytes = saved(atStep(20_000));
        Board board = new Board(SPEC, Interpreter::new);
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            byte[] corrupt = bytes.clone();
            int at = seed < 200 ? seed : random.nextInt(bytes.length);
            corrupt[at] ^= (byte) (1 << random.nextInt(8));
            assertThatThrownBy(() -> read(board, corrupt)).as("byte %d, seed %d", at, seed)
                    .isInstanceOf(BadStateException.class).hasMessageNotContaining("\n");
        }
    }

    /// Somebody who also mends the checksums gets a machine or a clear refusal, nothing else.
    @Test
    void hostileStateIsRefusedOrTaken() throws IOException {
        byte[] bytes = saved(Programs.machine(Programs::worker));
        Machine busy = Programs.machine(Programs::worker);
        busy.run(1_000_000);
        byte[] other = saved(busy);
        int refused = 0;
        Board board = new Board(SPEC, Interpreter::new);
        for (int seed = 0; seed < 1500; seed++) {
            Random random = new Random(seed);
            byte[] hostile = (random.nextBoolean() ? bytes : other).clone();
            ByteBuffer view = ByteBuffer.wrap(hostile);
            int length = view.getInt(HEADER_BYTES);
            for (int i = 0; i <= random.nextInt(3); i++) {
                int at = HEADER_BYTES + 4 + random.nextInt(length);
                hostile[at] = (byte) (random.nextBoolean() ? random.nextInt() : -1);
            }
            mend(hostile, HEADER_BYTES + 4 + length);
            mend(hostile, hostile.length - 4);
            try {
                read(board, hostile);
            } catch (BadStateException e) {
                refused++;
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertThat(refused).isPositive();
    }

    private static void mend(byte[] bytes, int at) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, at);
        ByteBuffer.wrap(bytes).putInt(at, (int) crc.getValue());
    }

    @Test
    void snapshotOfAnotherMachineIsNamed() throws IOException {
        byte[] bytes = saved(new Machine(SPEC));
        long ram = SPEC.ramBytes();
        long disk = SPEC.diskBytes();
        BootImage boot = SPEC.boot();
        ByteBuffer none = SPEC.initrd();
        assertOther(bytes, new MachineSpec(2 * ram, disk, SPEC.mac(), boot, none, ""), "67108864 RAM bytes");
        assertOther(bytes, new MachineSpec(ram, 512, SPEC.mac(), boot, none, ""), "disk bytes");
        assertOther(bytes, new MachineSpec(ram, disk, Optional.empty(), boot, none, ""), "MAC");
        assertOther(bytes, Programs.spec(Assembler::nop), "kernel or program");
        assertOther(bytes, new MachineSpec(ram, disk, SPEC.mac(), boot, ByteBuffer.allocate(1), ""), "initrd");
        assertOther(bytes, new MachineSpec(ram, disk, SPEC.mac(), boot, none, "x"), "command line");
    }

    private static void assertOther(byte[] bytes, MachineSpec spec, String what) {
        assertThatThrownBy(() -> Machine.restore(new ByteArrayInputStream(bytes), spec))
                .isInstanceOf(BadStateException.class).hasMessageContaining(what);
    }
}
