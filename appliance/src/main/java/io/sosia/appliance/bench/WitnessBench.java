package io.sosia.appliance.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/// How long a claim takes, how long the witness is gone when its leader dies, and what it takes in memory and on disk.
///
/// Members are real processes on the loopback, their storage on this host's file system, next to an append with fsync of the same
/// bytes on the same file system in the same run.
public final class WitnessBench {

    /// What is measured.
    ///
    /// @param runs      of each, at least 1; each run has a witness of its own
    /// @param members   of the witnesses, one result for each: 1 or more
    /// @param pairs     registered before anything is measured
    /// @param perSecond claims a second
    /// @param seconds   for so long
    /// @param kills     of the leader in each run, where there are three members or more
    /// @param encrypted whether members and clients talk over mutual TLS, as they do unless they are told otherwise
    public record Settings(int runs, List<Integer> members, int pairs, int perSecond, int seconds, int kills, boolean encrypted) {
        /// @throws IllegalArgumentException naming what is out of range
        public Settings {
            members = List.copyOf(members);
            if (runs < 1 || kills < 1 || perSecond < 1 || perSecond > 1_000 || seconds < 1 || pairs < 100
                    || members.isEmpty() || members.stream().anyMatch(count -> count < 1 || count > 7)) {
                throw new IllegalArgumentException("expected one run or more, 1 to 7 members, 100 pairs or more, 1 to 1000 claims a "
                        + "second for a second or more, one kill or more");
            }
        }
    }

    /// A row of the result; medians of the runs.
    ///
    /// @param members          of the witness
    /// @param encrypted        whether they and the clients talk over mutual TLS
    /// @param pairs            it knows
    /// @param registerSeconds  it took to register them
    /// @param p50Millis        of a claim, from when it was due until it was granted
    /// @param p99Millis        of a claim
    /// @param appendMillis     p50 of an append with fsync
    /// @param ratioToAppend    `p50Millis` by `appendMillis`, median of the pairs
    /// @param lossSeconds      from kill -9 of the leader until the claim every client then sends is granted; empty with fewer than three
    ///                         members
    /// @param lossSecondsMax   the longest of all runs
    /// @param rssMiB           of the largest member's process, after the load
    /// @param storageMiB       of the largest member, after the load
    public record Row(int members, boolean encrypted, int pairs, double registerSeconds, double p50Millis, double p99Millis,
            double appendMillis, double ratioToAppend, OptionalDouble lossSeconds, OptionalDouble lossSecondsMax, double rssMiB,
            double storageMiB) {

        /// The keys of [#values].
        public static final List<ResultTable.Column> COLUMNS = List.of(
                ResultTable.number("members", "members", 7, 0), ResultTable.text("tls", 3), ResultTable.number("pairs", "pairs", 6, 0),
                ResultTable.number("registerSeconds", "registered s", 12, 1), ResultTable.number("p50Millis", "p50 ms", 7, 2),
                ResultTable.number("p99Millis", "p99 ms", 7, 2), ResultTable.number("appendMillis", "fsync ms", 8, 2),
                ResultTable.number("ratioToAppend", "by fsync", 8, 2), ResultTable.number("lossSeconds", "loss s", 7, 2),
                ResultTable.number("lossSecondsMax", "at most s", 9, 2), ResultTable.number("rssMiB", "RSS MiB", 8, 0),
                ResultTable.number("storageMiB", "disk MiB", 8, 1));

        /// In the columns' order.
        public List<Object> values() {
            return List.of(members, encrypted ? "on" : "off", pairs, registerSeconds, p50Millis, p99Millis, appendMillis, ratioToAppend,
                    lossSeconds, lossSecondsMax, rssMiB, storageMiB);
        }
    }

    /// One run.
    private record Run(double registerSeconds, double p50, double p99, double append, double[] losses, double rss, double storage) {}

    private static final int APPENDS = 500;
    private static final int APPEND_BYTES = 256;
    /// Claims before those that count.
    private static final int WARM_SECONDS = 2;

    private final Settings settings;
    private final Consumer<String> progress;

    /// @param progress told of each step
    public WitnessBench(Settings settings, Consumer<String> progress) {
        this.settings = settings;
        this.progress = progress;
    }

    /// Measures witnesses of all sizes and gives each row when it is known.
    ///
    /// @throws BenchException when a witness does not come up or does not grant
    public void measure(Consumer<Row> result) throws BenchException {
        for (int members : settings.members()) {
            List<Run> runs = new ArrayList<>();
            for (int run = 1; run <= settings.runs(); run++) {
                String name = "%d of %d, %d member%s".formatted(run, settings.runs(), members, members == 1 ? "" : "s");
                try (BenchFolder folder = BenchFolder.make()) {
                    runs.add(measure(folder.path(), members, name));
                }
            }
            result.accept(row(members, runs));
        }
    }

    private Row row(int members, List<Run> runs) {
        double[] losses = runs.stream().flatMapToDouble(run -> Arrays.stream(run.losses())).sorted().toArray();
        boolean lost = losses.length > 0;
        return new Row(members, settings.encrypted(), settings.pairs(), median(runs, Run::registerSeconds), median(runs, Run::p50),
                median(runs, Run::p99), median(runs, Run::append), median(runs, run -> run.p50() / run.append()),
                lost ? OptionalDouble.of(MachineBench.median(losses)) : OptionalDouble.empty(),
                lost ? OptionalDouble.of(losses[losses.length - 1]) : OptionalDouble.empty(), median(runs, Run::rss),
                median(runs, Run::storage));
    }

    private static double median(List<Run> runs, ToDoubleFunction<Run> of) {
        return MachineBench.median(runs.stream().mapToDouble(of).toArray());
    }

    private Run measure(Path folder, int members, String name) throws BenchException {
        double append = appendMillis(folder);
        say("%s: an append with fsync takes %.2f ms", name, append);
        try (WitnessMembers witness = WitnessMembers.form(folder, members, settings.encrypted());
                ClaimLoad load = new ClaimLoad(witness::client, settings.pairs())) {
            double registered = load.register();
            say("%s: %d pairs registered in %.1f s", name, settings.pairs(), registered);
            load.claim(settings.perSecond(), settings.perSecond() * WARM_SECONDS);
            double[] millis = load.claim(settings.perSecond(), settings.perSecond() * settings.seconds());
            say("%s: %d claims, %d a second: p50 %.2f ms, p99 %.2f ms", name, millis.length, settings.perSecond(),
                    percentile(millis, 50), percentile(millis, 99));
            List<Double> resident = witness.residentMiB();
            say("%s: in memory %s MiB", name, resident.stream().map("%.0f"::formatted).toList());
            double storage = witness.storageMiB();
            double[] losses = members < 3 ? new double[0] : losses(witness, load, name);
            return new Run(registered, percentile(millis, 50), percentile(millis, 99), append, losses,
                    resident.stream().mapToDouble(each -> each).max().orElseThrow(), storage);
        }
    }

    private double[] losses(WitnessMembers witness, ClaimLoad load, String name) throws BenchException {
        double[] losses = new double[settings.kills()];
        for (int kill = 0; kill < losses.length; kill++) {
            double[] millis = load.claimOnceEach(witness.killLeader());
            losses[kill] = millis[millis.length - 1] / 1e3;
            say("%s: leader killed, the clients' next claims granted after %.2f to %.2f s", name, millis[0] / 1e3, losses[kill]);
            witness.restore();
        }
        return losses;
    }

    /// p50 of an append of as many bytes as a claim takes, each made durable before the next.
    private static double appendMillis(Path folder) throws BenchException {
        double[] millis = new double[APPENDS];
        Path file = folder.resolve("appends");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(APPEND_BYTES);
            for (int i = 0; i < APPENDS; i++) {
                long begun = System.nanoTime();
                channel.write(bytes.clear());
                channel.force(false);
                millis[i] = (System.nanoTime() - begun) / 1e6;
            }
            Files.delete(file);
        } catch (IOException e) {
            throw new BenchException("nothing can be appended in " + folder + ": " + e.getMessage(), e);
        }
        return MachineBench.median(millis);
    }

    /// @param sorted from the least to the greatest
    static double percentile(double[] sorted, int percent) {
        return sorted[Math.max(0, (int) Math.ceil(sorted.length * percent / 100.0) - 1)];
    }

    private void say(String format, Object... values) {
        progress.accept(String.format(Locale.ROOT, format, values));
    }
}
