package io.sosia.appliance.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sosia.appliance.machine.port.MachineOutput.ByteRange;
import io.sosia.appliance.machine.port.MachineOutput.DiskDiscard;
import io.sosia.appliance.machine.port.MachineOutput.DiskFlush;
import io.sosia.appliance.machine.port.MachineOutput.DiskRead;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.machine.port.MachineOutput.DiskWrite;
import io.sosia.appliance.machine.port.MachineOutput.DiskWriteZeroes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class BlockOverlayTest {

    private static final int SECTOR = 512;
    private static final int DISK = 40 * SECTOR;
    private static final int OFFSET = 8 * SECTOR;
    private static final int LENGTH = 16 * SECTOR;

    /// What a disk does with a request: nothing at all when a part of it lies beyond its end.
    private static void carryOut(DiskRequest request, byte[] disk) {
        switch (request) {
            case DiskWrite(long _, long offset, byte[] data) -> {
                if (offset + data.length <= disk.length) {
                    System.arraycopy(data, 0, disk, (int) offset, data.length);
                }
            }
            case DiskDiscard(long _, List<ByteRange> ranges) -> zero(ranges, disk);
            case DiskWriteZeroes(long _, List<ByteRange> ranges, boolean _) -> zero(ranges, disk);
            case DiskRead _, DiskFlush _ -> { }
        }
    }

    private static void zero(List<ByteRange> ranges, byte[] disk) {
        if (ranges.stream().allMatch(range -> range.offset() + range.length() <= disk.length)) {
            ranges.forEach(range -> Arrays.fill(disk, (int) range.offset(), (int) (range.offset() + range.length()), (byte) 0));
        }
    }

    private static DiskRequest request(SplittableRandom random) {
        long offset = (long) random.nextInt(44) * SECTOR;
        int length = (1 + random.nextInt(30)) * SECTOR;
        return switch (random.nextInt(6)) {
            case 0 -> new DiskRead(0, offset, length);
            case 1 -> new DiskFlush(0);
            case 2 -> new DiskDiscard(0, List.of(new ByteRange(offset, length), new ByteRange(0, SECTOR)));
            case 3 -> new DiskWriteZeroes(0, List.of(new ByteRange(offset, length)), random.nextBoolean());
            default -> {
                byte[] data = new byte[length];
                random.nextBytes(data);
                yield new DiskWrite(0, offset, data);
            }
        };
    }

    @Property(tries = 500)
    void baseAndWhatWasAskedForSinceGiveThePresentContent(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] disk = new byte[DISK];
        random.nextBytes(disk);
        byte[] base = Arrays.copyOfRange(disk, OFFSET, OFFSET + LENGTH);
        byte[] kept = base.clone();
        BlockOverlay overlay = new BlockOverlay(OFFSET, LENGTH, DISK);
        List<DiskRequest> since = new ArrayList<>();
        for (int i = random.nextInt(12); i > 0; i--) {
            since.add(request(random));
        }

        since.forEach(overlay::submitted);

        since.forEach(request -> carryOut(request, disk));
        assertThat(overlay.over(base)).as("seed %d: %s", seed, since).isEqualTo(Arrays.copyOfRange(disk, OFFSET, OFFSET + LENGTH));
        assertThat(base).as("what was read is left alone").isEqualTo(kept);
    }

    @Test
    void blockBeyondTheDiskOrOfNoSectorsIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new BlockOverlay(DISK - SECTOR, 2 * SECTOR, DISK));
        assertThatIllegalArgumentException().isThrownBy(() -> new BlockOverlay(0, 0, DISK));
        assertThatIllegalArgumentException().isThrownBy(() -> new BlockOverlay(0, 100, DISK));
        assertThatIllegalArgumentException().isThrownBy(() -> new BlockOverlay(0, SECTOR, DISK).over(new byte[2 * SECTOR]))
                .withMessage("a block of 1024 bytes, expected 512");
    }
}
