package io.sosia.appliance.lockstep;

/// Bounds of a replayer's memory.
///
/// @param entriesMax         entries waiting to be replayed; at the bound the sender has to wait
/// @param bytesMax           bytes of them
/// @param unreleasedBytesMax outputs kept in case they have to be sent again; beyond it the oldest are forgotten and
///                counted
public record ReplayLimits(int entriesMax, long bytesMax, long unreleasedBytesMax) {

    /// Suits a machine with one gigabit of traffic and a lag of a second.
    public static final ReplayLimits DEFAULT = new ReplayLimits(1 << 18, 256L << 20, 64L << 20);

    public ReplayLimits {
        if (entriesMax < 1 || bytesMax < 1 || unreleasedBytesMax < 1) {
            throw new IllegalArgumentException("replay limits " + entriesMax + " entries, " + bytesMax + " bytes, "
                    + unreleasedBytesMax + " bytes of output: each has to be 1 at least");
        }
    }
}
