package io.sosia.disksync.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.disksync.block.DiskState;
import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.Position;
import io.sosia.disksync.resync.ResyncMode;
import io.sosia.disksync.resync.ResyncPlan;
import io.sosia.disksync.store.DiskBirth;
import io.sosia.disksync.store.DiskRebuild;
import io.sosia.disksync.store.DiskStore;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Real disks, a real connection, a guest that writes meanwhile.
@Timeout(300)
class ResyncTest {
    private static final int EXTENT = Geometry.EXTENT_BYTES;
    private static final long SIZE = 24L * EXTENT;
    private static final DiskBirth BIRTH = new DiskBirth(new UUID(1, 2), new GenerationId(7));

    @TempDir
    private Path temp;
    private DiskStore source;
    private DiskStore target;
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final BlockingQueue<ResyncPlan> plans = new LinkedBlockingQueue<>();
    private final Semaphore refusals = new Semaphore(0);
    private long sequence;

    private final ResyncSource.Listener listener = new ResyncSource.Listener() {
        @Override
        public void planned(ResyncPlan plan) {
            plans.add(plan);
        }

        @Override
        public void near() {
            told.add("near");
        }

        @Override
        public void held() {
            told.add("held");
        }

        @Override
        public void failed(String reason) {
            told.add("failed: " + reason);
        }
    };

    private final ResyncTarget.Listener atTarget = new ResyncTarget.Listener() {
        @Override
        public void planned(String reason) {}

        @Override
        public void failed(String reason) {
            told.add("target failed: " + reason);
        }
    };

    @BeforeEach
    void makeDisks() throws IOException {
        for (String name : new String[] {"a", "b"}) {
            DiskStore.create(temp.resolve(name), BIRTH, SIZE);
        }
        source = DiskStore.open(temp.resolve("a"));
        target = DiskStore.open(temp.resolve("b"));
        source.joinedEqual(new GenerationId(9), "equal images");
        target.joinedEqual(new GenerationId(9), "equal images");
    }

    @AfterEach
    void closeDisks() throws IOException {
        source.close();
        target.close();
    }

    private static void fill(DiskStore disk, Random random, int writes) throws IOException {
        for (int i = 0; i < writes; i++) {
            byte[] bytes = new byte[512 * (1 + random.nextInt(400))];
            random.nextBytes(bytes);
            long offset = random.nextLong((SIZE - bytes.length) / 512) * 512;
            if (random.nextInt(6) == 0) {
                disk.discard(offset, bytes.length);
            } else {
                disk.write(offset, ByteBuffer.wrap(bytes));
            }
        }
    }

    private ResyncSource.Settings settings(UUID session, Optional<ResyncSource> before) {
        return new ResyncSource.Settings(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), session, false,
                () -> before.flatMap(ResyncSource::interrupted), 1_000_000_000L, new Entrance(_ -> { }, refusals::release));
    }

    private ResyncTarget connect(ResyncSource from, UUID session) throws IOException {
        return new ResyncTarget(target, new ResyncTarget.Source(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), from.port()), Entrance.OPEN), session, atTarget);
    }

    private void await(String what) throws InterruptedException {
        assertThat(told.poll(120, TimeUnit.SECONDS)).isEqualTo(what);
    }

    /// Holds, moves what is left by hand, and looks whether the disks are equal.
    private void cutAndCompare(ResyncSource from, ResyncTarget to) throws Exception {
        from.hold();
        await("held");
        DirtyMap left = from.left();
        to.close();
        for (long extent : left.extents()) {
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(EXTENT, SIZE - extent * EXTENT));
            source.read(extent * EXTENT, bytes);
            target.receive(extent * EXTENT, bytes.flip());
        }
        source.beginJoin();
        from.close();
        target.received(new Position(1, ++sequence));
        assertThat(equal()).isTrue();
        source.joined(new GenerationId(100 + sequence), "taken in");
        target.adopt(new GenerationId(100 + sequence), "taken in");
        assertThat(target.superBlock().state()).isEqualTo(DiskState.UP_TO_DATE);
    }

    private boolean equal() throws IOException {
        source.flush();
        target.flush();
        return Files.mismatch(temp.resolve("a/data.img"), temp.resolve("b/data.img")) < 0;
    }

    @Test
    void sendsOnlyWhatHasChangedWhileTheGuestWrites() throws Exception {
        source.split("the partner is gone");
        fill(source, new Random(1), 20);
        AtomicBoolean stop = new AtomicBoolean();
        UUID session = UUID.randomUUID();
        Thread guest = Thread.ofPlatform().start(() -> {
            Random random = new Random(2);
            try {
                while (!stop.get()) {
                    fill(source, random, 1);
                }
            } catch (IOException e) {
                told.add(e.toString());
            }
        });
        ResyncSource from = new ResyncSource(source, settings(session, Optional.empty()), listener);
        ResyncTarget to = connect(from, session);
        assertThat(plans.take().mode()).isEqualTo(ResyncMode.INCREMENTAL);
        stop.set(true);
        guest.join();
        await("near");
        fill(source, new Random(3), 3);
        cutAndCompare(from, to);
    }

    @Test
    void aTargetThatIsAheadLosesWhatItAloneHas() throws Exception {
        fill(target, new Random(1), 10);
        source.split("the partner is gone");
        UUID session = UUID.randomUUID();
        ResyncSource from = new ResyncSource(source, settings(session, Optional.empty()), listener);
        ResyncTarget to = connect(from, session);
        assertThat(plans.take().mode()).isEqualTo(ResyncMode.INCREMENTAL);
        await("near");
        cutAndCompare(from, to);
    }

    @Test
    void disksWithoutACommonGenerationAreComparedByHashAndOnlyDifferencesAreSent() throws Exception {
        fill(source, new Random(1), 60);
        source.flush();
        target.close();
        Files.copy(temp.resolve("a/data.img"), temp.resolve("b/data.img"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel file = FileChannel.open(temp.resolve("b/data.img"), StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 5L * EXTENT + 70_000);
        }
        Files.walk(temp.resolve("b/meta")).filter(Files::isRegularFile).forEach(file -> file.toFile().delete());
        target = DiskRebuild.open(temp.resolve("b"), BIRTH.disk(), SIZE);
        assertThat(target.superBlock().state()).isEqualTo(DiskState.INCONSISTENT);
        source.split("the partner is gone");
        UUID session = UUID.randomUUID();
        ResyncSource from = new ResyncSource(source, settings(session, Optional.empty()), listener);
        ResyncTarget to = connect(from, session);
        assertThat(plans.take().mode()).isEqualTo(ResyncMode.BY_HASH);
        await("near");
        assertThat(from.progress().orElseThrow().bytesSent()).isEqualTo(Geometry.BLOCK_BYTES);
        cutAndCompare(from, to);
    }

    @Test
    void anEmptyDiskIsFilledAndHolesStayHoles() throws Exception {
        byte[] bytes = new byte[EXTENT];
        new Random(1).nextBytes(bytes);
        source.write(3L * EXTENT, ByteBuffer.wrap(bytes));
        source.split("the partner is gone");
        target.close();
        Files.delete(temp.resolve("b/data.img"));
        target = DiskRebuild.open(temp.resolve("b"), BIRTH.disk(), SIZE);
        UUID session = UUID.randomUUID();
        ResyncSource from = new ResyncSource(source, settings(session, Optional.empty()), listener);
        ResyncTarget to = connect(from, session);
        assertThat(plans.take().mode()).isEqualTo(ResyncMode.FULL);
        await("near");
        cutAndCompare(from, to);
        assertThat(target.nextData(0)).isEqualTo(3L * EXTENT);
        assertThat(target.nextHole(3L * EXTENT)).isEqualTo(4L * EXTENT);
    }

    @Test
    void anInterruptedResyncGoesOnWhereItWas() throws Exception {
        fill(source, new Random(1), 80);
        source.split("the partner is gone");
        target.close();
        Files.delete(temp.resolve("b/data.img"));
        target = DiskRebuild.open(temp.resolve("b"), BIRTH.disk(), SIZE);
        UUID first = UUID.randomUUID();
        ResyncSource from = new ResyncSource(source, settings(first, Optional.empty()), listener);
        ResyncTarget to = connect(from, first);
        await("near");
        to.close();
        assertThat(told.poll(120, TimeUnit.SECONDS)).startsWith("failed: the connection to the target ended");
        from.stop();
        // Written while nobody listens.
        fill(source, new Random(2), 2);

        UUID second = UUID.randomUUID();
        ResyncSource again = new ResyncSource(source, settings(second, Optional.of(from)), listener);
        plans.clear();
        ResyncTarget back = connect(again, second);
        ResyncPlan plan = plans.poll(120, TimeUnit.SECONDS);
        from.close();
        assertThat(plan.reason()).contains("goes on where it was interrupted");
        assertThat(plan.blocks().count()).isLessThan(100);
        await("near");
        cutAndCompare(again, back);
    }

    @Test
    void aSourceThatHasForgottenStartsFromBothDisksMemories() throws Exception {
        fill(source, new Random(1), 20);
        source.split("the partner is gone");
        fill(source, new Random(2), 20);
        UUID first = UUID.randomUUID();
        ResyncSource from = new ResyncSource(source, settings(first, Optional.empty()), listener);
        ResyncTarget to = connect(from, first);
        await("near");
        to.close();
        from.close();
        told.clear();
        source.close();
        source = DiskStore.open(temp.resolve("a"));
        UUID second = UUID.randomUUID();
        ResyncSource again = new ResyncSource(source, settings(second, Optional.empty()), listener);
        plans.clear();
        ResyncTarget back = connect(again, second);
        // What was written before the split stood on this disk only: nothing was sent to the partner in this test.
        assertThat(plans.take().mode()).isEqualTo(ResyncMode.INCREMENTAL);
        await("near");
        cutAndCompare(again, back);
    }

    @Test
    void aStrangerGetsNothing() throws Exception {
        source.split("the partner is gone");
        UUID session = UUID.randomUUID();
        try (ResyncSource from = new ResyncSource(source, settings(session, Optional.empty()), listener)) {
            ResyncTarget stranger = connect(from, UUID.randomUUID());
            assertThat(told.poll(120, TimeUnit.SECONDS)).startsWith("target failed: ");
            stranger.close();
            assertThat(refusals.tryAcquire(120, TimeUnit.SECONDS)).as("counted").isTrue();
            assertThat(target.superBlock().state()).isEqualTo(DiskState.UP_TO_DATE);
            try (Socket noise = new Socket(InetAddress.getLoopbackAddress(), from.port())) {
                OutputStream out = noise.getOutputStream();
                out.write(new byte[] {0, 0, 0, 9, 4, 0, 0, 0, 0, 1, 1, 1, 1});
                out.flush();
                assertThat(noise.getInputStream().read()).isEqualTo(-1);
            }
            assertThat(refusals.tryAcquire(120, TimeUnit.SECONDS)).as("counted, too").isTrue();
            ResyncTarget to = connect(from, session);
            await("near");
            cutAndCompare(from, to);
        }
        assertThat(refusals.availablePermits()).as("the partner was not").isZero();
    }
}
