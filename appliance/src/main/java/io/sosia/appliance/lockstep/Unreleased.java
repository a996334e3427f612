package io.sosia.appliance.lockstep;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import java.util.ArrayDeque;
import java.util.List;

/// Replayed outputs that may not have left the primary yet, oldest first, bounded in bytes.
final class Unreleased {
    private final long bytesMax;
    private final ArrayDeque<MarkedOutput> outputs = new ArrayDeque<>();
    private LogPosition releasedUpTo;
    private long bytes;
    private long forgotten;

    Unreleased(LogPosition releasedUpTo, long bytesMax) {
        this.releasedUpTo = releasedUpTo;
        this.bytesMax = bytesMax;
    }

    void add(MarkedOutput output) {
        if (releasedUpTo.reaches(output.mark())) {
            return;
        }
        outputs.add(output);
        bytes += output.weightBytes();
        while (bytes > bytesMax) {
            bytes -= outputs.remove().weightBytes();
            forgotten++;
        }
    }

    void released(LogPosition upTo) {
        if (upTo.compareTo(releasedUpTo) > 0) {
            releasedUpTo = upTo;
        }
        while (!outputs.isEmpty() && releasedUpTo.reaches(outputs.peek().mark())) {
            bytes -= outputs.remove().weightBytes();
        }
    }

    List<MarkedOutput> all() {
        return List.copyOf(outputs);
    }

    LogPosition releasedUpTo() {
        return releasedUpTo;
    }

    long forgotten() {
        return forgotten;
    }
}
