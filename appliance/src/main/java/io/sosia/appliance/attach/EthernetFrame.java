package io.sosia.appliance.attach;

/// Offsets and limits of the Ethernet frames that cross this package (IEEE 802.3, without the frame check sequence).
final class EthernetFrame {
    /// Destination, source, type.
    static final int HEADER_BYTES = 14;

    /// The longest frame accepted: what an IPv4 packet with an offload-sized payload can need.
    static final int LENGTH_MAX = 65_535;

    static final int DESTINATION = 0;
    static final int SOURCE = 6;
    static final int TYPE = 12;

    static final int TYPE_IPV4 = 0x0800;
    static final int TYPE_ARP = 0x0806;
    static final int TYPE_RARP = 0x8035;

    private EthernetFrame() {}

    static int unsigned8(byte[] frame, int offset) {
        return frame[offset] & 0xff;
    }

    static int unsigned16(byte[] frame, int offset) {
        return (frame[offset] & 0xff) << 8 | frame[offset + 1] & 0xff;
    }

    static int int32(byte[] frame, int offset) {
        return unsigned16(frame, offset) << 16 | unsigned16(frame, offset + 2);
    }

    static void put16(byte[] frame, int offset, int value) {
        frame[offset] = (byte) (value >>> 8);
        frame[offset + 1] = (byte) value;
    }

    static void put32(byte[] frame, int offset, int value) {
        put16(frame, offset, value >>> 16);
        put16(frame, offset + 2, value);
    }
}
