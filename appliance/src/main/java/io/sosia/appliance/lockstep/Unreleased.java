package io.sosia.appliance.lockstep;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.machine.port.MachineOutput;
import java.util.ArrayDeque;
import java.util.List;

/// Replayed outputs that may not have left the primary yet, oldest first, bounded in bytes. A power-off is always among them:
/// it has taken effect only when the arbiter has recorded the end of the run, and then nobody goes live.
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
        if (left(output)) {
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
        while (!outputs.isEmpty() && left(outputs.peek())) {
            bytes -= outputs.remove().weightBytes();
        }
    }

    private boolean left(MarkedOutput output) {
        return releasedUpTo.reaches(output.mark()) && !(output.output() instanceof MachineOutput.PowerOff);
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
