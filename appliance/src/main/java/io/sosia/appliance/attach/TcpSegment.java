package io.sosia.appliance.attach;

import java.util.Arrays;

/// The header of a TCP segment in an IPv4 packet in an Ethernet frame (RFC 9293, 3.1; RFC 791, 3.1).
///
/// @param addresses source address in the high half, destination in the low
/// @param ports source port in the high half, destination in the low
/// @param sequence as on the wire
/// @param acknowledgement as on the wire; means something with [#ACK] only
/// @param flags as on the wire, 8 bits
/// @param window as on the wire, not scaled
/// @param payloadBytes data, without SYN and FIN
/// @param optionsOffset where in the frame the options begin
/// @param optionsBytes 0 to 40
record TcpSegment(
        long addresses,
        int ports,
        int sequence,
        int acknowledgement,
        int flags,
        int window,
        int payloadBytes,
        int optionsOffset,
        int optionsBytes) {
    static final int FIN = 0x01;
    static final int SYN = 0x02;
    static final int RST = 0x04;
    static final int ACK = 0x10;

    private static final int IPV4 = EthernetFrame.HEADER_BYTES;
    private static final int IPV4_BYTES = 20;
    private static final int TCP_BYTES = 20;
    private static final int PROTOCOL_TCP = 6;
    private static final int TIME_TO_LIVE = 64;

    /// Reads the segment of an IPv4 frame, or gives null when there is no whole one: other protocols, fragments,
    /// wrong lengths.
    static TcpSegment in(byte[] frame) {
        int headerBytes = ipv4HeaderBytes(frame);
        if (headerBytes == 0
                || EthernetFrame.unsigned8(frame, IPV4 + 9) != PROTOCOL_TCP
                || (EthernetFrame.unsigned16(frame, IPV4 + 6) & 0x3fff) != 0) {
            return null;
        }
        int tcp = IPV4 + headerBytes;
        int end = IPV4 + EthernetFrame.unsigned16(frame, IPV4 + 2);
        if (end > frame.length || tcp + TCP_BYTES > end) {
            return null;
        }
        int dataOffset = (EthernetFrame.unsigned8(frame, tcp + 12) >>> 4) * 4;
        if (dataOffset < TCP_BYTES || tcp + dataOffset > end) {
            return null;
        }
        return new TcpSegment(
                (long) EthernetFrame.int32(frame, IPV4 + 12) << 32
                        | Integer.toUnsignedLong(EthernetFrame.int32(frame, IPV4 + 16)),
                EthernetFrame.int32(frame, tcp),
                EthernetFrame.int32(frame, tcp + 4),
                EthernetFrame.int32(frame, tcp + 8),
                EthernetFrame.unsigned8(frame, tcp + 13),
                EthernetFrame.unsigned16(frame, tcp + 14),
                end - tcp - dataOffset,
                tcp + TCP_BYTES,
                dataOffset - TCP_BYTES);
    }

    /// The source address of an IPv4 frame, or 0 when it has no whole header.
    static int ipv4Source(byte[] frame) {
        return ipv4HeaderBytes(frame) == 0 ? 0 : EthernetFrame.int32(frame, IPV4 + 12);
    }

    private static int ipv4HeaderBytes(byte[] frame) {
        if (frame.length < IPV4 + IPV4_BYTES || EthernetFrame.unsigned8(frame, IPV4) >>> 4 != 4) {
            return 0;
        }
        int headerBytes = (frame[IPV4] & 0x0f) * 4;
        return headerBytes < IPV4_BYTES || frame.length < IPV4 + headerBytes ? 0 : headerBytes;
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /// A copy of the options in the frame this was read from.
    byte[] options(byte[] frame) {
        return Arrays.copyOfRange(frame, optionsOffset, optionsOffset + optionsBytes);
    }

    /// Builds a frame with a segment that carries nothing but the acknowledgement of `header`, with right checksums.
    ///
    /// @param options whole words, as the guest last sent them (timestamps, mostly)
    static byte[] pureAcknowledgement(MacAddress peer, MacAddress guest, TcpSegment header, byte[] options) {
        int tcpBytes = TCP_BYTES + options.length;
        // Not padded to Ethernet's least length: passt takes padding for data. A network card pads by itself.
        byte[] frame = new byte[IPV4 + IPV4_BYTES + tcpBytes];
        System.arraycopy(peer.octets(), 0, frame, EthernetFrame.DESTINATION, 6);
        System.arraycopy(guest.octets(), 0, frame, EthernetFrame.SOURCE, 6);
        EthernetFrame.put16(frame, EthernetFrame.TYPE, EthernetFrame.TYPE_IPV4);

        frame[IPV4] = 0x45;
        EthernetFrame.put16(frame, IPV4 + 2, IPV4_BYTES + tcpBytes);
        // Don't fragment: then an identification of 0 is as good as any (RFC 6864, 4.1).
        EthernetFrame.put16(frame, IPV4 + 6, 0x4000);
        frame[IPV4 + 8] = TIME_TO_LIVE;
        frame[IPV4 + 9] = PROTOCOL_TCP;
        EthernetFrame.put32(frame, IPV4 + 12, (int) (header.addresses >>> 32));
        EthernetFrame.put32(frame, IPV4 + 16, (int) header.addresses);
        EthernetFrame.put16(frame, IPV4 + 10, InternetChecksum.of(frame, IPV4, IPV4_BYTES, 0));

        int tcp = IPV4 + IPV4_BYTES;
        EthernetFrame.put32(frame, tcp, header.ports);
        EthernetFrame.put32(frame, tcp + 4, header.sequence);
        EthernetFrame.put32(frame, tcp + 8, header.acknowledgement);
        frame[tcp + 12] = (byte) (tcpBytes / 4 << 4);
        frame[tcp + 13] = ACK;
        EthernetFrame.put16(frame, tcp + 14, header.window);
        System.arraycopy(options, 0, frame, tcp + TCP_BYTES, options.length);
        long pseudoHeader = InternetChecksum.sum(frame, IPV4 + 12, 8) + PROTOCOL_TCP + tcpBytes;
        EthernetFrame.put16(frame, tcp + 16, InternetChecksum.of(frame, tcp, tcpBytes, pseudoHeader));
        return frame;
    }
}
