package io.sosia.appliance.attach;

import java.nio.ByteBuffer;
import java.util.function.Consumer;

/// Cuts a byte stream into frames: a 4-byte big-endian length, then that many bytes (QEMU `-netdev stream`,
/// net/stream.c).
final class FrameDecoder {
    private static final int BUFFER_BYTES = 256 * 1024;

    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);

    /// Where the next bytes of the stream go; never without room, for a whole frame fits.
    ByteBuffer space() {
        return buffer;
    }

    /// Hands on every frame that is complete by now.
    ///
    /// @throws FrameFormatException at a length that no Ethernet frame has; frames before it were handed on
    void decode(Consumer<byte[]> frames) throws FrameFormatException {
        buffer.flip();
        try {
            while (buffer.remaining() >= Integer.BYTES) {
                int length = buffer.getInt(buffer.position());
                if (length < EthernetFrame.HEADER_BYTES || length > EthernetFrame.LENGTH_MAX) {
                    throw new FrameFormatException("frame length " + Integer.toUnsignedString(length) + " is not "
                            + EthernetFrame.HEADER_BYTES + " to " + EthernetFrame.LENGTH_MAX
                            + ": the peer does not speak the QEMU stream protocol");
                }
                if (buffer.remaining() < Integer.BYTES + length) {
                    break;
                }
                byte[] frame = new byte[length];
                buffer.position(buffer.position() + Integer.BYTES);
                buffer.get(frame);
                frames.accept(frame);
            }
        } finally {
            buffer.compact();
        }
    }
}
