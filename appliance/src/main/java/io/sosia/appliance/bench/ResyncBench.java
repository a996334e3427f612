package io.sosia.appliance.bench;

import io.sosia.appliance.tls.Authority;
import io.sosia.appliance.tls.LinkSecurity;
import io.sosia.appliance.tls.Tls;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Position;
import io.sosia.disksync.resync.ResyncPlan;
import io.sosia.disksync.service.Entrance;
import io.sosia.disksync.service.ResyncSource;
import io.sosia.disksync.service.ResyncTarget;
import io.sosia.disksync.store.DiskBirth;
import io.sosia.disksync.store.DiskRebuild;
import io.sosia.disksync.store.DiskStore;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.identity.Identity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/// How long it takes until a partner's disk is equal again, over the loopback, on this host's file system: in full into an empty disk,
/// next to `cp --sparse=never` with fsync of the same file and to a bare stream over the same kind of connection in the same run, and
/// after a part of the disk has changed. Connections are TLS, as between nodes. Up to three first runs of each size are not counted:
/// a node's JVM has long compiled its connections when its partner comes back.
public final class ResyncBench {

    /// A row of the result.
    ///
    /// @param disk          size of the disk, GiB
    /// @param kind          `full` or `incremental`
    /// @param movedMiB      that had to be moved
    /// @param seconds       from the target's connection until all was durable there, median
    /// @param mibPerSecond  median
    /// @param ratioToCopy   throughput by that of `cp` and fsync, median of the pairs; empty for incremental ones
    /// @param streamMibPerSecond of the bare stream, median; empty for incremental ones
    /// @param ratioToLimit  throughput by that of `cp` and fsync or of the stream, whichever is lower in that run, median; empty for
    ///                      incremental ones
    public record Row(double disk, String kind, double movedMiB, double seconds, double mibPerSecond, OptionalDouble ratioToCopy,
                      OptionalDouble streamMibPerSecond, OptionalDouble ratioToLimit) {

        /// The keys of [#values].
        public static final List<ResultTable.Column> COLUMNS = List.of(
                ResultTable.number("diskGiB", "disk GiB", 8, 2), ResultTable.text("kind", 12),
                ResultTable.number("movedMiB", "MiB moved", 10, 0), ResultTable.number("seconds", "seconds", 8, 2),
                ResultTable.number("mibPerSecond", "MiB/s", 8, 0), ResultTable.number("ratioToCopy", "by cp+fsync", 11, 2),
                ResultTable.number("streamMibPerSecond", "TLS MiB/s", 9, 0), ResultTable.number("ratioToLimit", "by limit", 8, 2));

        /// In the columns' order.
        public List<Object> values() {
            return List.of(disk, kind, movedMiB, seconds, mibPerSecond, ratioToCopy, streamMibPerSecond, ratioToLimit);
        }
    }

    private static final int CHUNK = 1 << 20;
    private static final long WARM_UP_BYTES = 3L << 30;
    private static final int WARM_UP_RUNS_MAX = 3;
    private static final long QUIET_GUEST_NANOS = 1_000_000_000L;

    private final int runs;
    private final List<Double> sizesGiB;
    private final int changedMiB;
    private final Consumer<String> progress;

    /// @param runs       counted runs of each measurement, at least 1
    /// @param sizesGiB   of the disks, each above 0
    /// @param changedMiB written between the partner's going and its return
    /// @param progress   told of each run
    public ResyncBench(int runs, List<Double> sizesGiB, int changedMiB, Consumer<String> progress) {
        if (runs < 1 || changedMiB < 1 || sizesGiB.stream().anyMatch(size -> size <= 0 || size > 1024)) {
            throw new IllegalArgumentException("expected one run or more, one MiB changed or more, sizes above 0 and up to 1024 GiB");
        }
        this.runs = runs;
        this.sizesGiB = List.copyOf(sizesGiB);
        this.changedMiB = changedMiB;
        this.progress = progress;
    }

    /// Measures all sizes and gives each row when it is known.
    ///
    /// @throws BenchException when a disk cannot be made or a resync fails
    public void measure(Consumer<Row> result) throws BenchException {
        for (double size : sizesGiB) {
            try (BenchFolder folder = BenchFolder.make()) {
                measure(folder.path(), size, result);
            } catch (IOException e) {
                throw new BenchException("a disk of " + size + " GiB cannot be measured: " + e.getMessage(), e);
            }
        }
    }

    private void measure(Path folder, double size, Consumer<Row> result) throws IOException, BenchException {
        long bytes = (long) (size * 1024) << 20;
        if (Files.getFileStore(folder).getUsableSpace() < bytes * 2 + (1L << 30)) {
            throw new BenchException("a disk of " + size + " GiB needs " + (2 * size + 1) + " GiB in " + folder
                    + "; name a smaller one with --sizes, or another folder with SOSIA_JAVA_OPTS=-Djava.io.tmpdir=FOLDER");
        }
        DiskBirth birth = new DiskBirth(UUID.randomUUID(), new GenerationId(1));
        DiskStore.create(folder.resolve("source"), birth, bytes);
        LinkSecurity security = security(folder);
        double mib = bytes / 1048576.0;
        List<Run> counted = new ArrayList<>();
        try (DiskStore source = DiskStore.open(folder.resolve("source"))) {
            fill(source, bytes);
            source.split("for the bench");
            int before = Math.clamp(Math.ceilDiv(WARM_UP_BYTES, bytes), 1, WARM_UP_RUNS_MAX);
            for (int number = 1 - before; number <= runs; number++) {
                Run run = run(folder, source, before + number, security);
                if (number > 0) {
                    counted.add(run);
                }
                progress.accept("%s: %.1f GiB in full %.2f s (cp and fsync %.2f s, stream %.0f MiB/s), %d MiB of it %.2f s".formatted(
                        number < 1 ? "to warm up" : number + " of " + runs, size, run.full, run.copy, mib / run.stream, changedMiB,
                        run.incremental));
            }
        }
        double full = median(counted, Run::full);
        double incremental = median(counted, Run::incremental);
        result.accept(new Row(size, "full", mib, full, mib / full, OptionalDouble.of(median(counted, run -> run.copy / run.full)),
                OptionalDouble.of(mib / median(counted, Run::stream)),
                OptionalDouble.of(median(counted, run -> Math.max(run.copy, run.stream) / run.full))));
        result.accept(new Row(size, "incremental", changedMiB, incremental, changedMiB / incremental,
                OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty()));
    }

    /// What took how many seconds in one run.
    private record Run(double copy, double stream, double full, double incremental) {}

    private Run run(Path folder, DiskStore source, int number, LinkSecurity security) throws IOException, BenchException {
        double copied = copy(folder);
        double streamed = LoopbackStream.seconds(security, source.sizeBytes());
        Path target = folder.resolve("target");
        Run run;
        try (DiskStore disk = DiskRebuild.open(target, source.superBlock().disk(), source.sizeBytes())) {
            double full = resync(source, disk, number * 2 + 1, security);
            source.split("the partner goes");
            change(source, source.sizeBytes(), number);
            double incremental = resync(source, disk, number * 2 + 2, security);
            source.split("the partner goes");
            run = new Run(copied, streamed, full, incremental);
        }
        delete(target);
        return run;
    }

    /// Of a node that is its own partner: one certificate does for both ends.
    private static LinkSecurity security(Path folder) throws IOException {
        Identity self = new Identity.OfNode(new PairId(UUID.randomUUID()), new NodeName("bench"));
        Authority.create(folder.resolve("authority")).issue(self, Authority.VALIDITY_DEFAULT, folder.resolve("tls"));
        return Tls.open(folder.resolve("tls")).between(self);
    }

    private static void fill(DiskStore disk, long bytes) throws IOException {
        byte[] chunk = new byte[CHUNK];
        Random random = new Random(1);
        for (long at = 0; at < bytes; at += CHUNK) {
            random.nextBytes(chunk);
            disk.write(at, ByteBuffer.wrap(chunk));
        }
        disk.flush();
    }

    /// Pieces of 64 KiB all over the disk.
    private void change(DiskStore disk, long bytes, int seed) throws IOException {
        byte[] block = new byte[64 << 10];
        Random random = new Random(seed);
        long step = bytes / (changedMiB * 16L) & -block.length;
        for (int i = 0; i < changedMiB * 16; i++) {
            random.nextBytes(block);
            disk.write(Math.min(i * Math.max(step, block.length), bytes - block.length), ByteBuffer.wrap(block));
        }
        disk.flush();
    }

    private static double copy(Path folder) throws IOException, BenchException {
        Path copy = folder.resolve("copy");
        long begun = System.nanoTime();
        try {
            int status = new ProcessBuilder("cp", "--sparse=never", folder.resolve("source/data.img").toString(), copy.toString())
                    .inheritIO().start().waitFor();
            if (status != 0) {
                throw new BenchException("cp --sparse=never has ended with status " + status);
            }
            try (FileChannel file = FileChannel.open(copy, StandardOpenOption.WRITE)) {
                file.force(true);
            }
            return (System.nanoTime() - begun) / 1e9;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted while copying", e);
        } finally {
            Files.deleteIfExists(copy);
        }
    }

    /// As when a node takes its partner in, with a guest that asks nothing of its disk.
    private static double resync(DiskStore from, DiskStore to, long position, LinkSecurity security)
            throws IOException, BenchException {
        UUID session = UUID.randomUUID();
        CompletableFuture<Void> held = new CompletableFuture<>();
        Progress listener = new Progress(held);
        try (ResyncSource source = new ResyncSource(from, new ResyncSource.Settings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), session, false, Optional::empty,
                QUIET_GUEST_NANOS, new Entrance(security.accepted(), () -> { })), listener)) {
            listener.source.complete(source);
            long begun = System.nanoTime();
            InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), source.port());
            try (ResyncTarget _ = new ResyncTarget(to, new ResyncTarget.Source(address,
                    new Entrance(security.dialled(), () -> { })), session, listener)) {
                held.join();
            }
            double seconds = (System.nanoTime() - begun) / 1e9;
            GenerationId joint = GenerationId.of(session.getMostSignificantBits());
            from.beginJoin();
            from.joined(joint, "for the bench");
            to.received(new Position(1, position));
            to.adopt(joint, "for the bench");
            return seconds;
        } catch (CompletionException e) {
            throw new BenchException(e.getCause().getMessage(), e);
        }
    }

    private record Progress(CompletableFuture<Void> ended, CompletableFuture<ResyncSource> source)
            implements ResyncSource.Listener, ResyncTarget.Listener {

        Progress(CompletableFuture<Void> ended) {
            this(ended, new CompletableFuture<>());
        }

        @Override
        public void planned(ResyncPlan plan) {}

        @Override
        public void planned(String reason) {}

        @Override
        public void near() {
            source.join().hold();
        }

        @Override
        public void held() {
            ended.complete(null);
        }

        @Override
        public void failed(String reason) {
            ended.completeExceptionally(new IOException(reason));
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path each : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    private static double median(List<Run> runs, ToDoubleFunction<Run> of) {
        double[] sorted = runs.stream().mapToDouble(of).sorted().toArray();
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }
}
