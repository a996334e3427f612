package io.sosia.appliance.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The return of redundancy after each kill, watched from outside.
final class Redundancy {

    private static final Duration PROTECTED_LIMIT = Duration.ofSeconds(180);
    private static final Duration POWER_OFF_LIMIT = Duration.ofSeconds(120);

    private final List<Double> pausesMillis = new ArrayList<>();
    private final List<Double> againMillis = new ArrayList<>();

    /// Starts the killed node again and waits until the survivor has taken it in.
    ///
    /// @return the returned node, now the backup
    /// @throws DemoException when it is not taken in
    NodeProcess restore(LocalPair pair, NodeProcess killed, NodeProcess survivor, Narrator narrator) throws DemoException {
        long startNanos = System.nanoTime();
        NodeProcess returned = pair.restart(killed);
        survivor.awaitState("PROTECTED", PROTECTED_LIMIT);
        double millis = (System.nanoTime() - startNanos) / 1e6;
        returned.awaitState("READY", PROTECTED_LIMIT);
        double pause = survivor.awaitAnswer(PROTECTED_LIMIT).clonePauseMillis();
        againMillis.add(millis);
        pausesMillis.add(pause);
        narrator.say(String.format(java.util.Locale.ROOT,
                "PROTECTED again %.1f s after the restart of %s; the machine stood still for %.0f ms", millis / 1e3,
                returned.process().name(), pause));
        return returned;
    }

    /// Has the guest switch itself off, which ends both nodes at the same place in the log, and compares their disks.
    ///
    /// @throws DemoException when the pair does not end in order
    boolean disksIdentical(LocalPair pair, NodeProcess primary, NodeProcess backup, Narrator narrator)
            throws DemoException {
        narrator.say("the guest is switched off; both disks are compared");
        try {
            primary.client().type("\npoweroff\n".getBytes(StandardCharsets.US_ASCII));
            Patience.await("both nodes have ended", POWER_OFF_LIMIT,
                    () -> !primary.process().isAlive() && !backup.process().isAlive());
            return Files.mismatch(pair.disk(primary), pair.disk(backup)) < 0;
        } catch (IOException e) {
            throw new DemoException("the guest cannot be switched off, or the disks not be read: " + e.getMessage(), e);
        }
    }

    /// How long the machine stood still for its copy, in ms.
    double clonePauseMillisMedian() {
        return median(pausesMillis);
    }

    /// From the restart of a killed node until the pair was PROTECTED, in ms.
    double protectedAgainMillisMedian() {
        return median(againMillis);
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.isEmpty() ? 0 : (sorted.get((sorted.size() - 1) / 2) + sorted.get(sorted.size() / 2)) / 2;
    }
}
