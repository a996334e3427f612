package io.sosia.appliance.node;

/// How far the copying of this node to its partner is.
///
/// @param phase         `disk`, `memory`, `cut` or `catching up`
/// @param disk          what is copied of the disk and why, in a line; empty for a machine without one
/// @param diskBytesDone bytes of the disk that are durable at the partner
/// @param diskBytesLeft bytes of the disk still to be sent, as far as is known
/// @param bytesPerSecond of the disk, over the last second or so
public record CloneProgress(
        String phase, String disk, long diskBytesDone, long diskBytesLeft, long bytesPerSecond) {}
