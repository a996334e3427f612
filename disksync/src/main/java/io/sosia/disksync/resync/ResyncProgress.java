package io.sosia.disksync.resync;

/// How far a resync is.
///
/// @param mode           how the disks are made equal
/// @param reason         why so, one line
/// @param bytesDone      sent and durable at the target, or found equal
/// @param bytesLeft      still to be sent or compared, as far as is known
/// @param bytesSent      bytes of blocks sent, zeroes and repeated blocks included
/// @param bytesPerSecond over the last seconds; 0 before something is known
public record ResyncProgress(
        ResyncMode mode, String reason, long bytesDone, long bytesLeft, long bytesSent, long bytesPerSecond) {

    /// Seconds left at the present rate; -1 when that is not known.
    public long secondsLeft() {
        return bytesLeft == 0 ? 0 : bytesPerSecond == 0 ? -1 : (bytesLeft + bytesPerSecond - 1) / bytesPerSecond;
    }
}
