package io.sosia.appliance.demo;

import io.sosia.appliance.node.NodeStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// A client that counts in the background while the pair is watched and its primary killed.
///
/// Threads: the client has one of its own; everything else is the caller's.
final class Counting {

    private static final Duration REPLY_LIMIT = Duration.ofSeconds(60);
    private static final long SAMPLE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final long PROGRESS_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final String KEY = "sosia-demo";

    private final CounterClient client;
    private final Narrator narrator;
    private final Thread thread;
    private final List<Double> lagsMillis = new ArrayList<>();
    private final long startedNanos = System.nanoTime();
    private volatile DemoException failure;
    private long firstLogBytes = -1;
    private long firstLogNanos;
    private double logBitsPerSecond;

    /// The moment of the kill.
    ///
    /// @param wallMicros   microseconds since 1970-01-01 UTC
    /// @param nanos        the same moment on the clock of `System.nanoTime`
    /// @param acknowledged increments acknowledged until then
    record Kill(long wallMicros, long nanos, int acknowledged) {}

    private Counting(CounterClient client, Narrator narrator) {
        this.client = client;
        this.narrator = narrator;
        this.thread = Thread.ofPlatform().daemon().name("client").unstarted(this::run);
    }

    /// Connects to the guest's Redis and begins.
    ///
    /// @throws DemoException when nobody answers
    static Counting begin(int port, Narrator narrator) throws DemoException {
        Counting counting = new Counting(CounterClient.connect(port, REPLY_LIMIT), narrator);
        counting.thread.start();
        return counting;
    }

    private void run() {
        try {
            client.count(KEY);
        } catch (DemoException e) {
            failure = e;
        }
    }

    /// Waits until so many increments are acknowledged; watches log and lag of `primary` meanwhile, when there is one.
    ///
    /// @throws DemoException when the client's connection breaks or its replies cease
    void awaitAcknowledged(int count, Optional<NodeProcess> primary) throws DemoException {
        long nextSample = System.nanoTime();
        long nextProgress = System.nanoTime() + PROGRESS_NANOS;
        while (client.acknowledged() < count) {
            if (failure != null) {
                throw failure;
            }
            long now = System.nanoTime();
            if (now >= nextSample) {
                nextSample = now + SAMPLE_NANOS;
                primary.flatMap(NodeProcess::status).ifPresent(this::sample);
            }
            if (now >= nextProgress) {
                nextProgress = now + PROGRESS_NANOS;
                narrator.say("  " + client.acknowledged() + " increments acknowledged");
            }
            try {
                TimeUnit.MILLISECONDS.sleep(1);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new DemoException("interrupted while counting", e);
            }
        }
        primary.flatMap(NodeProcess::status).ifPresent(this::sample);
    }

    private void sample(NodeStatus status) {
        long now = System.nanoTime();
        if (firstLogBytes < 0) {
            firstLogBytes = status.logBytes();
            firstLogNanos = now;
        } else {
            logBitsPerSecond = (status.logBytes() - firstLogBytes) * 8e9 / (now - firstLogNanos);
        }
        lagsMillis.add(status.lagMillis());
    }

    /// `kill -9` of the primary, while the client waits for a reply.
    Kill kill(ChildProcess primary) {
        long wallMicros = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        Kill kill = new Kill(wallMicros, System.nanoTime(), client.acknowledged());
        primary.kill();
        return kill;
    }

    /// Ends the counting, asks for the counter over the same connection and over a new one, and closes both.
    ///
    /// @return the counter
    /// @throws DemoException when a connection breaks, or both do not say the same
    long finish(int port) throws DemoException {
        client.stop();
        try {
            thread.join(REPLY_LIMIT.plusSeconds(1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DemoException("interrupted while the client ends", e);
        }
        if (failure != null) {
            throw failure;
        }
        long counter = client.get(KEY);
        try (CounterClient another = CounterClient.connect(port, REPLY_LIMIT)) {
            long again = another.get(KEY);
            if (again != counter) {
                throw new DemoException("the counter is " + counter + " over the first connection, " + again
                        + " over a new one");
            }
        }
        client.close();
        return counter;
    }

    CounterClient client() {
        return client;
    }

    /// Mean lag of the backup, in ms.
    double lagMillis() {
        return lagsMillis.stream().mapToDouble(Double::doubleValue).average().orElse(0);
    }

    /// Largest lag sampled, in ms.
    double lagMillisMax() {
        return lagsMillis.stream().mapToDouble(Double::doubleValue).max().orElse(0);
    }

    long logBitsPerSecond() {
        return Math.round(logBitsPerSecond);
    }

    /// Pace up to the kill.
    double incrementsPerSecond(Kill kill) {
        return kill.acknowledged() * 1e9 / (kill.nanos() - startedNanos);
    }

    /// Longest time between two replies, the later of them after `fromNanos`, in ms.
    double longestGapMillis(long fromNanos) {
        long[] replies = client.replyNanos();
        long longest = 0;
        for (int i = 1; i < replies.length; i++) {
            if (replies[i] - fromNanos > 0) {
                longest = Math.max(longest, replies[i] - replies[i - 1]);
            }
        }
        return longest / 1e6;
    }

    /// When the first reply at or after a moment came, both in microseconds since 1970-01-01 UTC.
    ///
    /// @throws DemoException when none came
    long firstReplyMicros(long fromMicros, Kill kill) throws DemoException {
        for (long nanos : client.replyNanos()) {
            long micros = kill.wallMicros() + Math.floorDiv(nanos - kill.nanos(), 1_000);
            if (micros >= fromMicros) {
                return micros;
            }
        }
        throw new DemoException("no reply came after the survivor had gone live");
    }
}
