package io.sosia.appliance.attach;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.function.Consumer;

/// One non-blocking connection that carries frames both ways, with a bounded queue for what the peer has not read yet.
///
/// Threads: the receiving half ([#receive]) and the sending half (the rest) touch nothing of each other, so each may
/// have its own single thread or lock.
final class FrameStream {
    private static final int BUFFER_BYTES = 256 * 1024;

    private final SocketChannel channel;
    private final int queueFramesMax;
    private final FrameDecoder decoder = new FrameDecoder();
    private final ByteBuffer outbound = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final ArrayDeque<byte[]> queue = new ArrayDeque<>();

    /// Makes the channel non-blocking and, on TCP, keeps it from holding small frames back.
    ///
    /// @param channel connected
    /// @param queueFramesMax frames that wait beyond those in the write buffer
    /// @throws IOException when the channel is closed
    FrameStream(SocketChannel channel, int queueFramesMax) throws IOException {
        channel.configureBlocking(false);
        if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        this.channel = channel;
        this.queueFramesMax = queueFramesMax;
    }

    /// Reads once what is there and hands on the complete frames.
    ///
    /// @return false at the end of the stream
    /// @throws FrameFormatException when the peer does not speak the protocol
    boolean receive(Consumer<byte[]> frames) throws IOException {
        int count = channel.read(decoder.space());
        decoder.decode(frames);
        return count >= 0;
    }

    /// Queues a frame; nothing leaves before [#flush].
    ///
    /// @return false when the queue is full or the frame has an impossible length: it is dropped
    boolean enqueue(byte[] frame) {
        if (frame.length < EthernetFrame.HEADER_BYTES || frame.length > EthernetFrame.LENGTH_MAX) {
            return false;
        }
        if (queue.isEmpty() && fits(frame)) {
            put(frame);
            return true;
        }
        if (queue.size() >= queueFramesMax) {
            return false;
        }
        queue.addLast(frame);
        return true;
    }

    /// Writes what the peer takes now.
    ///
    /// @return true when nothing is left to write
    boolean flush() throws IOException {
        while (true) {
            while (!queue.isEmpty() && fits(queue.peekFirst())) {
                put(queue.pollFirst());
            }
            if (outbound.position() == 0) {
                return true;
            }
            outbound.flip();
            int count = channel.write(outbound);
            outbound.compact();
            if (count == 0) {
                return false;
            }
        }
    }

    private boolean fits(byte[] frame) {
        return outbound.remaining() >= Integer.BYTES + frame.length;
    }

    private void put(byte[] frame) {
        outbound.putInt(frame.length).put(frame);
    }
}
