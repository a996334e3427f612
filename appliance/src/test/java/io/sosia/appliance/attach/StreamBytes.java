package io.sosia.appliance.attach;

import java.nio.ByteBuffer;
import java.util.List;

/// Frames as the stream protocol's bytes, for one write.
final class StreamBytes {
    private StreamBytes() {}

    static byte[] of(List<byte[]> frames) {
        ByteBuffer bytes = ByteBuffer.allocate(frames.stream().mapToInt(frame -> 4 + frame.length).sum());
        frames.forEach(frame -> bytes.putInt(frame.length).put(frame));
        return bytes.array();
    }
}
