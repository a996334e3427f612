package io.sosia.appliance.node;

/// How a machine's loop spends its turns.
///
/// @param busySteps     length of a slice while something has just come in or gone out: bounds the latency of the next
///                input
/// @param quietSteps    length of a slice otherwise
/// @param progressNanos while running, how often the log declares its frontier; 0 for never (a recording needs none)
/// @param digestSteps   a digest is logged about once in so many steps; 0 for never
/// @param turnNanos     longest wait without calling the duty's `turn`
public record LoopSettings(long busySteps, long quietSteps, long progressNanos, long digestSteps, long turnNanos) {

    /// A machine on its own that is recorded.
    public static final LoopSettings SINGLE = new LoopSettings(20_000, 100_000, 0, 200_000_000, 200_000_000);

    /// A machine on its own with nobody to compare digests.
    public static final LoopSettings UNRECORDED = new LoopSettings(20_000, 100_000, 0, 0, 200_000_000);

    /// The primary of a pair.
    public static final LoopSettings PRIMARY = new LoopSettings(20_000, 100_000, 5_000_000, 150_000_000, 20_000_000);

    public LoopSettings {
        if (busySteps < 1 || quietSteps < busySteps || progressNanos < 0 || digestSteps < 0 || turnNanos < 1) {
            throw new IllegalArgumentException("loop settings: busy " + busySteps + " steps, quiet " + quietSteps
                    + " steps, progress " + progressNanos + " ns, digest " + digestSteps + " steps, turn " + turnNanos
                    + " ns");
        }
    }
}
