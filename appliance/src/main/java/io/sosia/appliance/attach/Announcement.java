package io.sosia.appliance.attach;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// What a node says when it goes live so that the segment sends the guest's frames to it: switches learn the port
/// from the source address, neighbours that keep an ARP entry renew it.
///
/// Send it a few times over the first seconds: a late frame of the other node can pull the address back.
///
/// @param guest the guest's MAC address
/// @param address the guest's IPv4 address, when known
public record Announcement(MacAddress guest, Optional<Ipv4Address> address) {
    private static final int ARP_REQUEST = 1;
    private static final int ARP_REPLY = 2;
    private static final int RARP_REQUEST = 3;
    private static final int ARP_BYTES = 28;

    /// Checks that the guest's address is one station's.
    public Announcement {
        Objects.requireNonNull(address);
        if (guest.isGroup()) {
            throw new IllegalArgumentException("a guest cannot have the group address " + guest);
        }
    }

    /// The frames, not padded (a network card does that): a RARP request (RFC 903, understood by switches, needs no
    /// IPv4 address), then, when the IPv4 address is known, gratuitous ARP as a request and as a reply (RFC 826, RFC
    /// 5227 section 3: neighbours differ in which they heed).
    public List<byte[]> frames() {
        List<byte[]> frames = new ArrayList<>();
        frames.add(frame(EthernetFrame.TYPE_RARP, RARP_REQUEST, 0, guest));
        address.ifPresent(ipv4 -> {
            frames.add(frame(EthernetFrame.TYPE_ARP, ARP_REQUEST, ipv4.bits(), new MacAddress(0)));
            frames.add(frame(EthernetFrame.TYPE_ARP, ARP_REPLY, ipv4.bits(), guest));
        });
        return frames;
    }

    private byte[] frame(int type, int operation, int ipv4, MacAddress target) {
        byte[] frame = new byte[EthernetFrame.HEADER_BYTES + ARP_BYTES];
        put(frame, EthernetFrame.DESTINATION, MacAddress.BROADCAST);
        put(frame, EthernetFrame.SOURCE, guest);
        EthernetFrame.put16(frame, EthernetFrame.TYPE, type);
        int arp = EthernetFrame.HEADER_BYTES;
        EthernetFrame.put16(frame, arp, 1);
        EthernetFrame.put16(frame, arp + 2, EthernetFrame.TYPE_IPV4);
        frame[arp + 4] = 6;
        frame[arp + 5] = 4;
        EthernetFrame.put16(frame, arp + 6, operation);
        put(frame, arp + 8, guest);
        EthernetFrame.put32(frame, arp + 14, ipv4);
        put(frame, arp + 18, target);
        EthernetFrame.put32(frame, arp + 24, ipv4);
        return frame;
    }

    private static void put(byte[] frame, int offset, MacAddress address) {
        System.arraycopy(address.octets(), 0, frame, offset, 6);
    }

    /// The sender's IPv4 address of an ARP frame (request or reply), or 0 when the frame is no whole ARP frame for
    /// IPv4.
    static int arpSender(byte[] frame) {
        int arp = EthernetFrame.HEADER_BYTES;
        if (frame.length < arp + ARP_BYTES
                || EthernetFrame.unsigned16(frame, EthernetFrame.TYPE) != EthernetFrame.TYPE_ARP
                || EthernetFrame.unsigned16(frame, arp) != 1
                || EthernetFrame.unsigned16(frame, arp + 2) != EthernetFrame.TYPE_IPV4
                || EthernetFrame.unsigned16(frame, arp + 4) != 0x0604) {
            return 0;
        }
        return EthernetFrame.int32(frame, arp + 14);
    }
}
