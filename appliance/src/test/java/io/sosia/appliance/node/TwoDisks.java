package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.disk.DiskExecutor;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.lockstep.OutputSink;
import io.sosia.appliance.lockstep.Recorder;
import io.sosia.appliance.lockstep.ToyMachine;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.pair.NodeState;
import io.sosia.appliance.pair.PeerMessage;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.store.DiskBirth;
import io.sosia.disksync.store.DiskStore;
import io.sosia.witness.claim.Incarnation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/// A primary's disk and its backup's, with all of a node that compares them: real disks, real disk threads; the machine's
/// threads, the event loops and the log between them are the test's own thread, which lets the backup lag at random.
final class TwoDisks implements AutoCloseable {

    /// What the log and the machine's own requests are to the backup: one order.
    private sealed interface Step {
        record Asked(DiskRequest request) implements Step {}

        record Logged(LogPosition at, LogEntry entry) implements Step {}
    }

    /// One node's share.
    final class Side implements AutoCloseable {
        final DiskStore disk;
        final DiskUpkeep upkeep;
        final DiskVerify verify;
        private final Path folder;
        private final DiskExecutor executor;

        /// Opens the disk in `folder`.
        Side(Path folder) throws IOException {
            this.folder = folder;
            disk = DiskStore.open(folder);
            executor = new DiskExecutor(disk, DiskExecutor.Settings.PRIMARY, _ -> { }, failure::set);
            upkeep = new DiskUpkeep(disk, executor::between, () -> { });
            verify = new DiskVerify(upkeep, new DiskVerify.Surroundings(loop::add, Runnable::run, this::tell,
                    reason -> failure.set(new AssertionError(reason))));
        }

        /// Its node ends, and another life of it begins.
        ///
        /// @param killed not in order: what it has written is in the host's cache, and no more
        Side restarted(boolean killed) throws IOException, InterruptedException {
            executor.drain();
            Path next = folder;
            if (killed) {
                next = folder.resolveSibling(folder.getFileName() + "+");
                copy(folder, next);
            }
            close();
            return new Side(next);
        }

        private void tell(PeerMessage.OfDisk message) {
            if (linked) {
                Side other = this == primary ? backup : primary;
                loop.add(() -> other.verify.received(message));
            }
        }

        void submit(DiskRequest request) {
            executor.submit(request);
            upkeep.submitted(request);
        }

        /// Changes one byte behind the disk's back.
        void flip(long offset) throws IOException {
            try (FileChannel file = FileChannel.open(folder.resolve("data.img"), StandardOpenOption.READ,
                    StandardOpenOption.WRITE)) {
                ByteBuffer one = ByteBuffer.allocate(1);
                file.read(one, offset);
                one.put(0, (byte) (one.get(0) ^ 0x20));
                file.write(one.flip(), offset);
            }
        }

        byte[] content() throws IOException, InterruptedException {
            executor.drain();
            ByteBuffer all = ByteBuffer.allocate((int) sizeBytes);
            disk.read(0, all);
            return all.array();
        }

        List<String> history() throws IOException {
            return disk.events().stream().map(event -> event.text()).toList();
        }

        @Override
        public void close() throws IOException {
            executor.close();
            disk.close();
        }
    }

    Side primary;
    Side backup;
    final List<Instant> kept = new ArrayList<>();
    boolean linked = true;
    private final long sizeBytes;
    private final SplittableRandom random;
    private final BlockingQueue<Runnable> loop = new LinkedBlockingQueue<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final ArrayDeque<Step> log = new ArrayDeque<>();
    private final Duration every;
    private long epoch = 2;
    private Recorder recorder;

    /// @param image what both disks begin with
    /// @param every see [NodeConfig.Scrub]
    TwoDisks(Path folder, Path image, long sizeBytes, Duration every, SplittableRandom random) throws IOException {
        this.sizeBytes = sizeBytes;
        this.random = random;
        this.every = every;
        for (String name : List.of("primary", "backup")) {
            DiskStore.create(folder.resolve(name), new DiskBirth(new UUID(1, 2), new GenerationId(7)), sizeBytes, image);
        }
        primary = new Side(folder.resolve("primary"));
        backup = new Side(folder.resolve("backup"));
        begin();
    }

    private void begin() {
        recorder = new Recorder(new ToyMachine(ToyMachine.Habits.SILENT), RunPoint.start(++epoch), Recorder.ReadData.OWN_DISK,
                (at, entry) -> log.add(new Step.Logged(at, entry)), new OutputSink() {
                    @Override
                    public void external(MarkedOutput output) {
                    }

                    @Override
                    public void disk(DiskRequest request) {
                    }

                    @Override
                    public void entropyWanted(int bytes) {
                    }
                });
        primary.verify.attach(new DiskVerify.Setup("a", "b", new NodeConfig.Scrub(every, 1L << 40), Instant.EPOCH, kept::add));
        becomes(new NodeState.Protected(epoch, new Incarnation(new UUID(5, 6))));
    }

    /// Everything arrives, and both nodes begin another life.
    ///
    /// @param killed   see [Side#restarted]
    /// @param failover whether the backup is the primary then
    void restart(boolean killed, boolean failover) throws Exception {
        settle();
        Side first = primary.restarted(killed);
        Side second = backup.restarted(killed);
        primary = failover ? second : first;
        backup = failover ? first : second;
        begin();
    }

    /// Both disks are durable, as far as they have been written.
    void flush() throws Exception {
        settle();
        primary.disk.flush();
        backup.disk.flush();
    }

    void becomes(NodeState state) {
        primary.verify.transition(state, "a test");
    }

    /// The guest of both nodes asks for this.
    void ask(DiskRequest request) {
        primary.submit(request);
        log.add(new Step.Asked(request));
    }

    /// A turn of everything, as far as chance has it.
    void turn() throws InterruptedException {
        primary.upkeep.turn(recorder);
        for (int i = random.nextInt(4); i > 0 && !log.isEmpty(); i--) {
            switch (log.remove()) {
                case Step.Asked(DiskRequest request) -> backup.submit(request);
                case Step.Logged(LogPosition at, LogEntry.Verify verify) -> backup.upkeep.replayed(at, verify);
                case Step.Logged(LogPosition _, LogEntry.Repair repair) -> backup.upkeep.replayed(repair);
                case Step.Logged(LogPosition _, LogEntry other) -> throw new AssertionError("unexpected " + other);
            }
        }
        backup.upkeep.settle();
        Runnable first = random.nextInt(8) == 0 ? loop.poll(1, TimeUnit.MILLISECONDS) : loop.poll();
        for (Runnable each = first; each != null; each = loop.poll()) {
            each.run();
        }
        primary.verify.tick(System.nanoTime());
        if (failure.get() != null) {
            throw new AssertionError("a disk thread or a listener", failure.get());
        }
    }

    /// Begins a comparison and takes turns until it ends.
    ///
    /// @param meanwhile what else happens in each turn
    VerifyStatus compare(Optional<Long> extent, boolean repair, Work meanwhile) throws Exception {
        String why = primary.verify.ask(new DiskVerify.Request(extent, repair, Optional.empty()));
        if (!why.isEmpty()) {
            throw new AssertionError(why);
        }
        return untilOver(meanwhile);
    }

    interface Work {
        void run() throws Exception;
    }

    VerifyStatus untilOver(Work meanwhile) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(180);
        while (primary.verify.status().running()) {
            meanwhile.run();
            turn();
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not over after 180 s: " + primary.verify.status());
            }
        }
        return primary.verify.status();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : all.toList()) {
                try {
                    Files.copy(each, to.resolve(from.relativize(each).toString()));
                } catch (NoSuchFileException obsolete) {
                    // The metadata's store lets go of files while it runs.
                    assertThat(each.getFileName().toString()).doesNotMatch("CURRENT|IDENTITY|data.img");
                }
            }
        }
    }

    /// Lets everything that is on its way arrive.
    void settle() throws Exception {
        for (int i = 0; i < 3; i++) {
            while (!log.isEmpty() || !loop.isEmpty()) {
                turn();
            }
            primary.content();
            backup.content();
            turn();
        }
    }

    @Override
    public void close() throws IOException {
        primary.close();
        backup.close();
    }
}
