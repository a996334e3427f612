package io.sosia.appliance.attach;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/// The other end of a stream of frames, blocking, written on its own from QEMU's description of the protocol.
final class StreamPeer implements AutoCloseable {
    final SocketChannel channel;

    StreamPeer(SocketChannel channel) {
        this.channel = channel;
    }

    static StreamPeer connect(StreamAddress address) throws IOException {
        SocketChannel channel = SocketChannel.open(address.family());
        channel.connect(address.resolve());
        return new StreamPeer(channel);
    }

    /// An Ethernet frame with a readable payload.
    static byte[] frame(MacAddress to, MacAddress from, String payload) {
        byte[] text = payload.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(14 + text.length)
                .put(to.octets())
                .put(from.octets())
                .putShort((short) 0x88b5)
                .put(text)
                .array();
    }

    static String payload(byte[] frame) {
        return new String(frame, 14, frame.length - 14, StandardCharsets.US_ASCII);
    }

    void send(byte[] frame) throws IOException {
        sendRaw(ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).array());
    }

    void sendRaw(byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    byte[] receive() throws IOException {
        return read(read(4).getInt()).array();
    }

    String receiveText() throws IOException {
        return payload(receive());
    }

    /// Waits for the end of the stream.
    boolean ends() throws IOException {
        return channel.read(ByteBuffer.allocate(1)) < 0;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private ByteBuffer read(int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the other end closed the connection");
            }
        }
        return buffer.flip();
    }
}
