package io.sosia.appliance.output;

/// How much output a gate holds before the machine has to wait.
///
/// @param outputsMax number of outputs
/// @param bytesMax   bytes of them
public record GateLimits(int outputsMax, long bytesMax) {

    /// Half a second of a gigabit.
    public static final GateLimits DEFAULT = new GateLimits(100_000, 64L << 20);

    public GateLimits {
        if (outputsMax < 1 || bytesMax < 1) {
            throw new IllegalArgumentException(
                    "gate limits " + outputsMax + " outputs, " + bytesMax + " bytes: each has to be 1 at least");
        }
    }
}
