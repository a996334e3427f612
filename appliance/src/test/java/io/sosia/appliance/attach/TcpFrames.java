package io.sosia.appliance.attach;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// Builds whole TCP frames as a guest would send them, with right checksums.
final class TcpFrames {
    static final MacAddress GUEST = MacAddress.parse("52:54:00:12:34:56");

    private TcpFrames() {}

    /// The other direction of a segment's flow, all else zero.
    static TcpSegment reverse(TcpSegment segment) {
        return flow(Long.rotateLeft(segment.addresses(), 32), Integer.rotateLeft(segment.ports(), 16));
    }

    static TcpSegment flow(long addresses, int ports) {
        return new TcpSegment(addresses, ports, 0, 0, 0, 0, 0, 0, 0);
    }

    static byte[] segment(TcpSegment flow, int sequence, int acknowledgement, int flags, int window, byte[] options,
            String data) {
        byte[] payload = data.getBytes(StandardCharsets.US_ASCII);
        int tcpBytes = 20 + options.length + payload.length;
        ByteBuffer tcp = ByteBuffer.allocate(tcpBytes)
                .putInt(flow.ports())
                .putInt(sequence)
                .putInt(acknowledgement)
                .put((byte) ((20 + options.length) / 4 << 4))
                .put((byte) flags)
                .putShort((short) window)
                .putInt(0)
                .put(options)
                .put(payload);
        long pseudoHeader = (flow.addresses() >>> 48) + (flow.addresses() >>> 32 & 0xffff)
                + (flow.addresses() >>> 16 & 0xffff)
                + (flow.addresses() & 0xffff) + 6 + tcpBytes;
        tcp.putShort(16, (short) InternetChecksum.of(tcp.array(), 0, tcpBytes, pseudoHeader));
        ByteBuffer ip = ByteBuffer.allocate(20)
                .putShort((short) 0x4500)
                .putShort((short) (20 + tcpBytes))
                .putInt(0x1234_4000)
                .putShort((short) 0x4006)
                .putShort((short) 0)
                .putLong(flow.addresses());
        ip.putShort(10, (short) InternetChecksum.of(ip.array(), 0, 20, 0));
        return ByteBuffer.allocate(14 + 20 + tcpBytes)
                .put(Passt.GATEWAY_MAC.octets())
                .put(GUEST.octets())
                .putShort((short) 0x0800)
                .put(ip.array())
                .put(tcp.array())
                .array();
    }
}
