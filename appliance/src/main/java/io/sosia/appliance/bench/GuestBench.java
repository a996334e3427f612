package io.sosia.appliance.bench;

import io.sosia.appliance.image.GuestImage;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/// Measures what a user of the guest feels: all peers boot, then take turns, one piece of work each, timed by the host's clock.
public final class GuestBench {

    /// One line of the result; medians.
    ///
    /// @param work          what was done
    /// @param engine        the peer's name
    /// @param seconds       by the host's clock
    /// @param cpuSeconds    CPU time of all the peer's processes meanwhile
    /// @param perSecond     operations per second
    /// @param unit          what an operation is
    /// @param ratioToPlain  its speed by plain QEMU's, median of the pairs; above 1 is faster; empty without that peer
    /// @param ratioToIcount the same by that of QEMU counting instructions
    /// @param ratioToRecord the same by that of QEMU recording
    public record Row(String work, String engine, double seconds, double cpuSeconds, double perSecond, String unit,
            OptionalDouble ratioToPlain, OptionalDouble ratioToIcount, OptionalDouble ratioToRecord) {

        /// The keys of [#values].
        public static final List<ResultTable.Column> COLUMNS = List.of(
                ResultTable.text("work", 15), ResultTable.text("engine", 18), ResultTable.number("seconds", "seconds", 8, 3),
                ResultTable.number("cpuSeconds", "CPU s", 8, 3), ResultTable.number("perSecond", "a second", 11, 1),
                ResultTable.text("unit", 9), ResultTable.number("ratioToPlain", "to plain", 9, 2),
                ResultTable.number("ratioToIcount", "to icount", 9, 2), ResultTable.number("ratioToRecord", "to record", 9, 2));

        /// In the columns' order.
        public List<Object> values() {
            return List.of(work, engine, seconds, cpuSeconds, perSecond, unit, ratioToPlain, ratioToIcount, ratioToRecord);
        }
    }

    private static final Duration LIMIT = Duration.ofSeconds(600);
    private static final String HOST_LOAD = "redis-benchmark";
    private static final int HOST_REQUESTS = 2_000;

    private final int runs;
    private final List<GuestPeer> peers;
    private final String only;
    private final Consumer<String> progress;

    /// @param runs     runs of each piece of work, at least 1; those before them that [WarmUp] asks for are not counted
    /// @param only     only work whose name contains this
    /// @param progress told of each run
    public GuestBench(int runs, List<GuestPeer> peers, String only, Consumer<String> progress) {
        if (runs < 1) {
            throw new IllegalArgumentException("--runs " + runs + ": expected 1 or more");
        }
        this.runs = runs;
        this.peers = peers;
        this.only = only;
        this.progress = progress;
    }

    /// A peer that has booted.
    private record Booted(GuestPeer peer, GuestProcess process, int redisPort) {}

    /// Does one piece of work once.
    private interface Turn {
        /// Its seconds.
        double take(Booted booted) throws BenchException;
    }

    /// Measures everything; each piece of work's rows come when all peers have done it.
    ///
    /// @throws BenchException when a guest does not come up, or work fails
    public void measure(Consumer<Row> result) throws BenchException {
        GuestImage image = GuestPeer.image();
        Map<String, Booted> booted = new LinkedHashMap<>();
        try (BenchFolder folder = BenchFolder.make()) {
            try {
                for (GuestPeer peer : peers) {
                    booted.put(peer.name(), boot(peer, image, folder.path()));
                }
                for (GuestWork work : GuestWork.ALL) {
                    measure(work.name(), work.operations(), work.unit(), booted, result, each -> {
                        each.process().run(work.prepare(), LIMIT);
                        return each.process().run(work.command(), LIMIT);
                    });
                }
                measureFromHost(booted, result);
            } finally {
                booted.values().forEach(each -> each.process().close());
            }
        }
    }

    private Booted boot(GuestPeer peer, GuestImage image, Path folder) throws BenchException {
        int port = freePort();
        GuestProcess process = GuestProcess.start(peer.name(), peer.command(image, folder, port),
                folder.resolve(peer.name() + ".diagnostics"));
        try {
            double seconds = process.seconds(process.await(BootBench.READY, BootBench.LIMIT));
            process.takeOver(LIMIT);
            progress.accept(String.format(Locale.ROOT, "%s has booted in %.2f s", peer.name(), seconds));
            return new Booted(peer, process, port);
        } catch (BenchException | RuntimeException e) {
            process.close();
            throw e;
        }
    }

    private static int freePort() throws BenchException {
        try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return any.getLocalPort();
        } catch (IOException e) {
            throw new BenchException("no port is free: " + e.getMessage(), e);
        }
    }

    private void measureFromHost(Map<String, Booted> booted, Consumer<Row> result) throws BenchException {
        if (!GuestPeer.installed(HOST_LOAD) || !GuestPeer.installed("passt")) {
            progress.accept("without redis-benchmark (package redis-tools) and passt here, Redis is not asked over the network");
            return;
        }
        for (int depth : new int[] {1, 16}) {
            int requests = HOST_REQUESTS * depth;
            measure("redis-host-P" + depth, 2L * requests, "requests", booted, result,
                    each -> askFromHost(each, depth, requests));
        }
    }

    private static double askFromHost(Booted booted, int depth, int requests) throws BenchException {
        try {
            long from = System.nanoTime();
            Process load = new ProcessBuilder("timeout", Long.toString(LIMIT.toSeconds()), HOST_LOAD, "-h", "127.0.0.1", "-p",
                    Integer.toString(booted.redisPort()), "-q", "-c", "8", "-t", "get,set", "-P", Integer.toString(depth), "-n",
                    Integer.toString(requests)).redirectErrorStream(true).start();
            String said;
            try (InputStream in = load.getInputStream()) {
                said = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            }
            if (load.waitFor() != 0) {
                throw new BenchException(HOST_LOAD + " failed on " + booted.peer().name() + ": " + said.strip());
            }
            return (System.nanoTime() - from) / 1e9;
        } catch (IOException e) {
            throw new BenchException(HOST_LOAD + " cannot be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted while asking Redis", e);
        }
    }

    private void measure(String work, long operations, String unit, Map<String, Booted> booted, Consumer<Row> result, Turn turn)
            throws BenchException {
        if (!work.contains(only)) {
            return;
        }
        Map<String, double[]> seconds = new LinkedHashMap<>();
        Map<String, double[]> cpu = new LinkedHashMap<>();
        warmUp(work, booted, turn);
        for (int run = 0; run < runs; run++) {
            for (Booted each : booted.values()) {
                String name = each.peer().name();
                double before = each.process().cpuSeconds();
                double took = turn.take(each);
                double used = each.process().cpuSeconds() - before;
                progress.accept(String.format(Locale.ROOT, "%s, %d of %d: %s %.3f s", work, run + 1, runs, name, took));
                seconds.computeIfAbsent(name, _ -> new double[runs])[run] = took;
                cpu.computeIfAbsent(name, _ -> new double[runs])[run] = used;
            }
        }
        for (String name : booted.keySet()) {
            double[] ours = seconds.get(name);
            double median = MachineBench.median(ours);
            result.accept(new Row(work, name, median, MachineBench.median(cpu.get(name)), operations / median, unit,
                    speed(ours, seconds.get(GuestPeer.PLAIN)), speed(ours, seconds.get(GuestPeer.ICOUNT)),
                    speed(ours, seconds.get(GuestPeer.RECORD))));
        }
    }

    private void warmUp(String work, Map<String, Booted> booted, Turn turn) throws BenchException {
        for (Booted each : booted.values()) {
            for (WarmUp warmUp = new WarmUp(); warmUp.goesOn(); ) {
                double took = turn.take(each);
                warmUp.took(took);
                progress.accept(String.format(Locale.ROOT, "%s, to warm up: %s %.3f s", work, each.peer().name(), took));
            }
        }
    }

    private static OptionalDouble speed(double[] ours, double[] theirs) {
        return theirs == null ? OptionalDouble.empty() : BootBench.ratio(theirs, ours);
    }
}
