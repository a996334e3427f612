package io.sosia.appliance.lockstep;

import io.sosia.appliance.eventlog.LogPosition;

/// Evidence that a replayed run is not the recorded one.
///
/// @param position the log entry at which it showed
/// @param step     the step the replaying machine had reached
/// @param what     what was compared
/// @param expected what the log says
/// @param got      what the replaying machine says
public record Divergence(LogPosition position, long step, String what, String expected, String got) {

    @Override
    public String toString() {
        return "diverged at log entry " + position + ", step " + step + ": " + what + ": expected " + expected
                + ", got " + got;
    }
}
