package io.sosia.disksync.store;

import io.sosia.disksync.block.DiskState;
import io.sosia.disksync.block.Partner;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.Position;
import io.sosia.disksync.block.ResyncMark;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskStoreTest {
    private static final long EXTENT = Geometry.EXTENT_BYTES;
    private static final long SIZE = 40 * EXTENT;

    @TempDir
    private Path temp;
    private Path dir;
    private final MemoryDataFile data = new MemoryDataFile();

    @BeforeEach
    void makeDisk() throws IOException {
        dir = temp.resolve("disk");
        DiskStore.create(dir, Disks.BIRTH, SIZE);
    }

    private DiskStore openInMemory(int hotExtentsMax) throws IOException {
        return DiskStore.open(dir, Disks.settings(_ -> data, hotExtentsMax));
    }

    private static Position at(long sequence) {
        return new Position(3, sequence);
    }

    @Test
    void aSparseImageStaysSparseAndZeroesTakeNoSpace() throws Exception {
        Path image = temp.resolve("image.img");
        byte[] content = Disks.filled(64 << 10, 9);
        try (FileChannel out = FileChannel.open(image, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            out.write(ByteBuffer.wrap(content), 100 << 20);
            out.write(ByteBuffer.allocate(4 << 20), 120 << 20);
        }
        Path copy = temp.resolve("copy");
        DiskStore.create(copy, Disks.BIRTH, 200 << 20, image);
        assertThat(Disks.allocatedBytes(copy.resolve("data.img"))).isLessThan(1 << 20);
        try (DiskStore disk = DiskStore.open(copy)) {
            assertThat(disk.sizeBytes()).isEqualTo(200 << 20);
            assertThat(Disks.read(disk, 100 << 20, 64 << 10)).isEqualTo(content);
            assertThat(Disks.read(disk, (100 << 20) - 512, 512)).containsOnly(0);
            assertThat(Disks.read(disk, 120 << 20, 4096)).containsOnly(0);
        }
    }

    @Test
    void discardGivesSpaceBack() throws Exception {
        try (DiskStore disk = DiskStore.open(dir)) {
            Disks.write(disk, 0, Disks.filled(8 << 20, 5));
            disk.flush();
            long before = Disks.allocatedBytes(dir.resolve("data.img"));
            disk.discard(0, 8 << 20);
            disk.flush();
            assertThat(Disks.allocatedBytes(dir.resolve("data.img"))).isLessThan(before - (7 << 20));
        }
    }

    @Test
    void anObserverSeesTheOldBytesBeforeAndTheNewOnesAfter() throws Exception {
        try (DiskStore disk = openInMemory(8)) {
            Disks.write(disk, 0, Disks.filled(512, 1));
            List<Byte> seen = new ArrayList<>();
            WriteObserver observer = new WriteObserver() {
                @Override
                public void before(ByteRange range) throws IOException {
                    seen.add(Disks.read(disk, range.offset(), 512)[0]);
                }

                @Override
                public void after(ByteRange range) {
                    try {
                        seen.add(Disks.read(disk, range.offset(), 512)[0]);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
            };
            disk.observe(observer);
            Disks.write(disk, 0, Disks.filled(512, 2));
            disk.ignore(observer);
            Disks.write(disk, 0, Disks.filled(512, 3));
            assertThat(seen).containsExactly(Disks.filled(512, 1)[0], Disks.filled(512, 2)[0]);
        }
    }

    @Test
    void anObserverThatRefusesKeepsTheOldBytes() throws Exception {
        try (DiskStore disk = openInMemory(8)) {
            Disks.write(disk, 0, Disks.filled(512, 1));
            disk.observe(new WriteObserver() {
                @Override
                public void before(ByteRange range) throws IOException {
                    throw new IOException("no room for the old bytes");
                }

                @Override
                public void after(ByteRange range) {
                }
            });
            assertThatThrownBy(() -> Disks.write(disk, 0, Disks.filled(512, 2))).hasMessage("no room for the old bytes");
            assertThat(Disks.read(disk, 0, 512)).isEqualTo(Disks.filled(512, 1));
        }
    }

    @Test
    void appliedIsRecordedOnlyOnceItIsDurable() throws IOException {
        try (DiskStore disk = openInMemory(8)) {
            Disks.write(disk, 0, Disks.filled(512, 1));
            disk.reached(at(10));
            assertThat(disk.durablePosition()).isEqualTo(Position.START);
            disk.flush();
            assertThat(disk.durablePosition()).isEqualTo(at(10));
            disk.reached(at(11));
            assertThat(disk.durablePosition()).as("nothing was written since").isEqualTo(at(11));
            assertThatIllegalStateException().isThrownBy(() -> disk.reached(at(9)));
        }
        try (DiskStore disk = openInMemory(8)) {
            assertThat(disk.superBlock().applied()).isEqualTo(at(11));
        }
    }

    @Test
    void aWriteDuringASyncIsNotCoveredByIt() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        try (DiskStore disk = openInMemory(8)) {
            Disks.write(disk, 0, Disks.filled(512, 1));
            disk.reached(at(1));
            data.holdSyncs(begun, go);
            FutureTask<Void> flush = new FutureTask<>(() -> {
                disk.flush();
                return null;
            });
            Thread.ofPlatform().start(flush);
            begun.await();
            Disks.write(disk, 512, Disks.filled(512, 2));
            disk.reached(at(2));
            go.countDown();
            flush.get();
            assertThat(disk.durablePosition()).isEqualTo(at(1));
            disk.flush();
            assertThat(disk.durablePosition()).isEqualTo(at(2));
        }
    }

    @Test
    void openingMakesDurableWhatAKilledProcessLeftInTheHostsCache() throws IOException {
        data.write(0, ByteBuffer.wrap(Disks.filled(512, 6)));
        try (DiskStore disk = openInMemory(8)) {
            disk.reached(at(1));
            assertThat(disk.durablePosition()).isEqualTo(at(1));
            MemoryDataFile after = data.afterPowerLoss(new Random(0));
            ByteBuffer sector = ByteBuffer.allocate(512);
            after.read(0, sector);
            assertThat(sector.array()).containsOnly(6);
            assertThat(data.syncs()).isEqualTo(1);
        }
    }

    @Test
    void aSplitRemembersWhatThePartnerHadNotAcknowledgedAndEverythingSince() throws IOException {
        DiskStore disk = openInMemory(4);
        disk.joinedEqual(Disks.EQUAL, "equal images");
        Disks.write(disk, 0, Disks.filled(512, 1));
        disk.reached(at(1));
        Disks.write(disk, 5 * EXTENT, Disks.filled(512, 2));
        disk.reached(at(2));
        disk.partnerDurable(at(1));
        disk.split("partner is silent");
        disk.split("still silent");
        assertThat(disk.suspects().count()).isEqualTo(1);
        for (int extent = 10; extent < 30; extent++) {
            Disks.write(disk, extent * EXTENT, Disks.filled(512, 3));
        }
        disk.close();

        try (DiskStore again = openInMemory(4)) {
            SuperBlock block = again.superBlock();
            assertThat(block.partner()).isEqualTo(Partner.AWAY);
            assertThat(block.generations().base()).contains(Disks.EQUAL);
            assertThat(again.suspects().count()).isEqualTo(21);
            assertThat(again.suspects().contains(5 * EXTENT)).isTrue();
            assertThat(again.suspects().contains(0)).isFalse();

            again.beginJoin();
            Disks.write(again, 9 * EXTENT, Disks.filled(512, 3));
            again.joined(new GenerationId(77), "resync complete");
            assertThat(again.suspects().contains(9 * EXTENT)).as("not acknowledged yet").isTrue();
            assertThat(again.suspects().count()).isEqualTo(1);
            again.reached(at(3));
            again.partnerDurable(at(3));
            assertThat(again.suspects().isEmpty()).isTrue();
            assertThat(again.superBlock().generations().current()).isEqualTo(new GenerationId(77));
            assertThat(again.superBlock().generations().history()).contains(Disks.EQUAL, Disks.BIRTH.generation());
            assertThat(again.events()).extracting(DiskEvent::text).anyMatch(text -> text.contains("partner is silent"))
                    .anyMatch(text -> text.contains("resync complete")).noneMatch(text -> text.contains("still silent"));
        }
    }

    @Test
    void aJoinThatIsGivenUpForgetsNothing() throws IOException {
        try (DiskStore disk = openInMemory(8)) {
            disk.split("nobody has come");
            Disks.write(disk, 0, Disks.filled(512, 1));
            disk.beginJoin();
            Disks.write(disk, EXTENT, Disks.filled(512, 1));
            disk.abandonJoin();
            assertThat(disk.superBlock().partner()).isEqualTo(Partner.AWAY);
            assertThat(disk.suspects().count()).isEqualTo(2);
            assertThatIllegalStateException().isThrownBy(() -> disk.joined(new GenerationId(77), "too late"));
        }
    }

    @Test
    void aCrashRightAfterAJoinForgetsNothingThePartnerHasNotAcknowledged() throws IOException {
        DiskStore disk = openInMemory(2);
        disk.split("nobody has come");
        disk.beginJoin();
        for (int extent = 0; extent < 20; extent++) {
            Disks.write(disk, extent * EXTENT, Disks.filled(512, 1));
        }
        disk.reached(at(1));
        disk.joined(new GenerationId(77), "taken in");
        disk.close();
        try (DiskStore again = openInMemory(2)) {
            for (int extent = 0; extent < 20; extent++) {
                assertThat(again.suspects().contains(extent * EXTENT)).as("extent %d", extent).isTrue();
            }
        }
    }

    @Test
    void aTargetIsWorthNothingBeforeItIsAdopted() throws IOException {
        ResyncMark mark = new ResyncMark(new UUID(1, 2), new GenerationId(5));
        try (DiskStore disk = openInMemory(8)) {
            disk.joinedEqual(Disks.EQUAL, "equal images");
            Disks.write(disk, 0, Disks.filled(512, 1));
            disk.beginResync(mark, "the source has changed");
            disk.receive(EXTENT, ByteBuffer.wrap(Disks.filled(512, 2)));
        }
        try (DiskStore disk = openInMemory(8)) {
            assertThat(disk.superBlock().state()).isEqualTo(DiskState.INCONSISTENT);
            assertThat(disk.view().resync()).contains(mark);
            assertThat(disk.suspects().contains(0)).as("what the source may lack").isTrue();
            assertThat(disk.suspects().contains(EXTENT)).as("what came from the source").isFalse();
            disk.received(at(9));
            Disks.write(disk, 2 * EXTENT, Disks.filled(512, 3));
            disk.reached(at(10));
            disk.adopt(new GenerationId(78), "in sync by the record");
            assertThat(disk.superBlock().state()).isEqualTo(DiskState.UP_TO_DATE);
            assertThat(disk.superBlock().partner()).isEqualTo(Partner.IN_SYNC);
            assertThat(disk.view().resync()).isEmpty();
            assertThat(disk.suspects().count()).isEqualTo(1);
            assertThat(disk.suspects().contains(2 * EXTENT)).isTrue();
            assertThatThrownBy(() -> disk.receive(0, ByteBuffer.allocate(512))).isInstanceOf(IOException.class);
        }
    }

    @Test
    void aCleanCloseLeavesInDoubtOnlyWhatThePartnerLacks() throws IOException {
        try (DiskStore disk = openInMemory(8)) {
            disk.joinedEqual(Disks.EQUAL, "equal images");
            Disks.write(disk, 0, Disks.filled(512, 1));
            disk.reached(at(1));
            Disks.write(disk, EXTENT, Disks.filled(512, 2));
            disk.reached(at(2));
            disk.partnerDurable(at(1));
        }
        try (DiskStore disk = openInMemory(8)) {
            assertThat(disk.suspects().blocksOf(0)).isZero();
            assertThat(disk.suspects().blocksOf(1)).isEqualTo(-1L);
        }
    }

    @Test
    void aDiscardOfTheWholeDiskNeedsNoMoreHotExtentsThanThereAre() throws IOException {
        try (DiskStore disk = DiskStore.open(dir, Disks.settings(LinuxDataFile::open, 4))) {
            Disks.write(disk, SIZE - 512, Disks.filled(512, 1));
            disk.discard(0, SIZE);
            assertThat(Disks.read(disk, SIZE - 512, 512)).containsOnly(0);
        }
    }

    @Test
    void oneProcessOnly() throws IOException {
        try (DiskStore _ = DiskStore.open(dir)) {
            assertThatThrownBy(() -> DiskStore.open(dir)).isInstanceOf(DiskFormatException.class)
                    .hasMessageContaining("in use by process " + ProcessHandle.current().pid())
                    .hasMessageContaining("stop that one first");
        }
        DiskStore.open(dir).close();
    }

    @Test
    void namesWhatIsWrongWithADirectory() throws IOException {
        assertThatThrownBy(() -> DiskStore.open(temp.resolve("nowhere"))).isInstanceOf(DiskFormatException.class)
                .hasMessageContaining("there is no disk in").hasMessageContaining("nowhere");
        assertThatThrownBy(() -> DiskStore.create(dir, Disks.BIRTH, SIZE)).isInstanceOf(DiskFormatException.class)
                .hasMessageContaining("is not empty");
        assertThatThrownBy(() -> DiskStore.create(temp.resolve("x"), Disks.BIRTH, 1000))
                .isInstanceOf(DiskFormatException.class).hasMessageContaining("multiple of 512");

        try (FileChannel file = FileChannel.open(dir.resolve("data.img"), StandardOpenOption.WRITE)) {
            file.truncate(4096);
        }
        assertThatThrownBy(() -> DiskStore.open(dir)).isInstanceOf(DiskFormatException.class)
                .hasMessageContaining("has 4096 bytes, expected " + SIZE);
        Disks.deleteTree(dir.resolve("meta"));
        assertThatThrownBy(() -> DiskStore.open(dir)).isInstanceOf(DiskFormatException.class)
                .hasMessageContaining("has no metadata");
    }

    @Test
    void anInterruptedCreationIsRefusedAndBegunAfresh() throws IOException {
        Path half = temp.resolve("half");
        Files.createDirectory(half);
        Files.createFile(half.resolve("lock"));
        Files.createFile(half.resolve("unfinished"));
        Files.write(half.resolve("data.img"), new byte[4096]);
        assertThatThrownBy(() -> DiskStore.open(half)).isInstanceOf(DiskFormatException.class)
                .hasMessageContaining("never finished");
        DiskStore.create(half, Disks.BIRTH, SIZE);
        DiskStore.open(half).close();
    }

    @Test
    void damagedMetadataIsNamedAndTheDirectoryIsFreeAgain() throws IOException {
        Files.writeString(dir.resolve("meta").resolve("CURRENT"), "rubbish");
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> DiskStore.open(dir)).isInstanceOf(DiskFormatException.class)
                    .hasMessageContaining("meta cannot be opened").hasMessageContaining("anew");
        }
    }

    @Test
    void refusesRangesBeyondTheDisk() throws IOException {
        try (DiskStore disk = openInMemory(8)) {
            assertThatIllegalArgumentException().isThrownBy(() -> Disks.read(disk, SIZE, 512));
            assertThatIllegalArgumentException().isThrownBy(() -> Disks.write(disk, 1, new byte[512]));
            assertThatIllegalArgumentException().isThrownBy(() -> disk.discard(-512, 512));
            assertThat(Disks.read(disk, SIZE - 512, 512)).containsOnly(0);
        }
    }

    @Test
    void aFullDiskIsAnErrorOfThatWriteOnly() throws IOException {
        try (DiskStore disk = openInMemory(8)) {
            data.failWrites(new IOException("No space left on device"));
            assertThatThrownBy(() -> Disks.write(disk, 0, new byte[512])).hasMessage("No space left on device");
            data.failWrites(null);
            Disks.write(disk, 0, Disks.filled(512, 4));
            disk.flush();
            assertThat(Disks.read(disk, 0, 512)).containsOnly(4);
        }
    }

    @Test
    void afterAFailedSyncNothingIsPromisedAnyMore() throws IOException {
        DiskStore disk = openInMemory(8);
        disk.joinedEqual(Disks.EQUAL, "equal images");
        Disks.write(disk, 0, Disks.filled(512, 4));
        disk.reached(at(5));
        data.failSyncs(new IOException("Input/output error"));
        assertThatThrownBy(disk::flush).isInstanceOf(IOException.class).hasMessageContaining("Input/output error");
        data.failSyncs(null);
        assertThatThrownBy(disk::flush).as("Linux would report success now").isInstanceOf(IOException.class);
        assertThatThrownBy(() -> Disks.write(disk, 0, new byte[512])).isInstanceOf(IOException.class);
        assertThat(disk.durablePosition()).isEqualTo(Position.START);
        assertThatThrownBy(disk::close).isInstanceOf(IOException.class);
        try (DiskStore again = openInMemory(8)) {
            assertThat(again.suspects().contains(0)).isTrue();
            assertThat(again.durablePosition()).isEqualTo(Position.START);
        }
    }

    @Test
    void remembersWhatTheContentIsWorth() throws IOException {
        try (DiskStore disk = openInMemory(8)) {
            disk.setState(DiskState.INCONSISTENT, "resync begins");
        }
        try (DiskStore disk = openInMemory(8)) {
            assertThat(disk.superBlock().state()).isEqualTo(DiskState.INCONSISTENT);
            assertThat(disk.events().getLast().text()).isEqualTo("UP_TO_DATE -> INCONSISTENT: resync begins");
        }
    }

    @Test
    void historyIsBounded() throws IOException {
        try (Metadata meta = Metadata.create(temp.resolve("history"))) {
            for (int i = 0; i < Metadata.EVENTS_MAX + 5; i++) {
                try (Metadata.Change change = meta.change()) {
                    change.event("event " + i).commit();
                }
            }
            assertThat(meta.events()).hasSize(Metadata.EVENTS_MAX);
            assertThat(meta.events().getFirst().text()).isEqualTo("event 5");
        }
    }
}
