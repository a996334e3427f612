package io.sosia.appliance.bench;

import io.sosia.appliance.image.GuestImage;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/// Measures how long the Debian guest takes to boot, in turns: each peer once, a process of its own from its start to `GUEST READY`,
/// then all of them again.
public final class BootBench {

    /// One line of the result; medians.
    ///
    /// @param engine       the peer's name
    /// @param seconds      from the start of the process until the guest said that it was ready, by the host's clock
    /// @param cpuSeconds   CPU time of all its processes until then
    /// @param timeToPlain  its seconds by plain QEMU's, median of the pairs; below 1 is faster; empty without that peer
    /// @param timeToIcount the same by those of QEMU counting instructions
    /// @param timeToRecord the same by those of QEMU recording
    public record Row(String engine, double seconds, double cpuSeconds, OptionalDouble timeToPlain, OptionalDouble timeToIcount,
            OptionalDouble timeToRecord) {

        /// The keys of [#values].
        public static final List<ResultTable.Column> COLUMNS = List.of(
                ResultTable.text("engine", 18), ResultTable.number("seconds", "seconds", 8, 2),
                ResultTable.number("cpuSeconds", "CPU s", 8, 2), ResultTable.number("timeToPlain", "by plain", 9, 2),
                ResultTable.number("timeToIcount", "by icount", 9, 2), ResultTable.number("timeToRecord", "by record", 9, 2));

        /// In the columns' order.
        public List<Object> values() {
            return List.of(engine, seconds, cpuSeconds, timeToPlain, timeToIcount, timeToRecord);
        }
    }

    /// What the guest's init says at the end of the boot.
    static final String READY = "GUEST READY";
    static final Duration LIMIT = Duration.ofSeconds(600);

    private final int runs;
    private final List<GuestPeer> peers;
    private final Consumer<String> progress;

    /// @param runs     boots of each peer, at least 1
    /// @param peers    who boots
    /// @param progress told of each boot
    public BootBench(int runs, List<GuestPeer> peers, Consumer<String> progress) {
        if (runs < 1) {
            throw new IllegalArgumentException("--runs " + runs + ": expected 1 or more");
        }
        this.runs = runs;
        this.peers = peers;
        this.progress = progress;
    }

    /// Boots all peers and gives each one's row when all is done.
    ///
    /// @throws BenchException when a guest does not come up
    public void measure(Consumer<Row> result) throws BenchException {
        GuestImage image = GuestPeer.image();
        Map<String, double[]> seconds = new LinkedHashMap<>();
        Map<String, double[]> cpu = new LinkedHashMap<>();
        for (int run = 0; run < runs; run++) {
            for (GuestPeer peer : peers) {
                try (BenchFolder folder = BenchFolder.make();
                        GuestProcess guest = GuestProcess.start(peer.name(), peer.command(image, folder.path(), 0),
                                folder.path().resolve("diagnostics"))) {
                    double took = guest.seconds(guest.await(READY, LIMIT));
                    double used = guest.cpuSeconds();
                    seconds.computeIfAbsent(peer.name(), _ -> new double[runs])[run] = took;
                    cpu.computeIfAbsent(peer.name(), _ -> new double[runs])[run] = used;
                    progress.accept(String.format(Locale.ROOT, "%d of %d: %s ready after %.2f s, %.2f s of CPU", run + 1,
                            runs, peer.name(), took, used));
                }
            }
        }
        for (GuestPeer peer : peers) {
            double[] ours = seconds.get(peer.name());
            result.accept(new Row(peer.name(), MachineBench.median(ours), MachineBench.median(cpu.get(peer.name())),
                    ratio(ours, seconds.get(GuestPeer.PLAIN)), ratio(ours, seconds.get(GuestPeer.ICOUNT)),
                    ratio(ours, seconds.get(GuestPeer.RECORD))));
        }
    }

    /// Median of the pairs' ratios; empty when there is nothing to divide by.
    static OptionalDouble ratio(double[] ours, double[] theirs) {
        if (theirs == null) {
            return OptionalDouble.empty();
        }
        double[] each = new double[ours.length];
        Arrays.setAll(each, i -> ours[i] / theirs[i]);
        return OptionalDouble.of(MachineBench.median(each));
    }
}
