package io.sosia.appliance.attach;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// Watches the frames a guest sends, so that a node which goes live can speak for it at once.
///
/// It learns the guest's MAC and IPv4 address for the [Announcement], and for each recent TCP flow (IPv4) what the
/// guest last acknowledged. A peer's data that was on its way to the dead node is lost; the peer repeats it after a
/// timeout (passt: 2 s) or when the guest's last acknowledgement arrives again as a *pure* one. [#goLiveFrames()]
/// makes those.
///
/// Why each comes three times, and should leave in one write ([Uplink#sendTogether]):
/// * passt compares an acknowledgement's window with one it has rounded to within a percent, so a single repeat is
///   often not taken for one; two in the same read always are. Measured with 0.0~git20230309: 0.3 ms instead of 1.95
///   s.
/// * other hosts' TCP repeats at the third duplicate (RFC 5681, section 3.2).
///
/// A flow gets none before it is established (only SYN seen), after the guest's FIN, and after RST. Only bytes that
/// the guest really acknowledged in an emitted frame are acknowledged again; the highest counts, older ones are
/// ignored.
///
/// Deterministic and cheap: a pure function of the frames in their order, fed alike by a primary's output and by a
/// backup's replayed output. Any bytes are accepted; what is not understood (VLAN tags, IPv6, fragments) is ignored.
/// One thread at a time.
public final class OutboundFlows {
    /// Flows remembered at most; the one silent for longest is forgotten first.
    public static final int FLOWS_MAX = 1024;

    private static final int COPIES = 3;

    private final LinkedHashMap<FlowKey, Flow> flows = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<FlowKey, Flow> eldest) {
            return size() > FLOWS_MAX;
        }
    };
    private long guestMac;
    private boolean guestMacKnown;
    private int arpAddress;
    private int packetAddress;

    private record FlowKey(long addresses, int ports) {}

    private enum Phase {
        /// Only SYN was seen: nothing to repeat yet.
        OPENING,
        /// The guest has acknowledged data or the peer's SYN in an ordinary segment.
        LIVE,
        /// The guest said FIN or RST: it stays so until the next SYN, whatever else the guest sends.
        CLOSED
    }

    private static final class Flow {
        Phase phase = Phase.OPENING;
        long peerMac;
        int nextSequence;
        int acknowledged;
        int window;
        byte[] options;
    }

    /// Looks at one frame that the guest emitted.
    public void observe(byte[] frame) {
        if (frame.length < EthernetFrame.HEADER_BYTES) {
            return;
        }
        long source = MacAddress.bitsAt(frame, EthernetFrame.SOURCE);
        if (!MacAddress.isGroup(source)) {
            guestMac = source;
            guestMacKnown = true;
        }
        int type = EthernetFrame.unsigned16(frame, EthernetFrame.TYPE);
        if (type == EthernetFrame.TYPE_ARP) {
            int sender = Announcement.arpSender(frame);
            if (sender != 0) {
                arpAddress = sender;
            }
        } else if (type == EthernetFrame.TYPE_IPV4) {
            TcpSegment segment = TcpSegment.in(frame);
            int address = TcpSegment.ipv4Source(frame);
            if (address != 0) {
                packetAddress = address;
            }
            if (segment != null) {
                observe(segment, frame);
            }
        }
    }

    /// The guest's MAC address: that of its last frame. Empty before the first.
    public Optional<MacAddress> guestMac() {
        return guestMacKnown ? Optional.of(new MacAddress(guestMac)) : Optional.empty();
    }

    /// The guest's IPv4 address: as it last said by ARP, else the source of its last packet. Empty before either.
    public Optional<Ipv4Address> guestAddress() {
        int address = arpAddress != 0 ? arpAddress : packetAddress;
        return address != 0 ? Optional.of(new Ipv4Address(address)) : Optional.empty();
    }

    /// The announcement of what is known; empty before the guest's first frame.
    public Optional<Announcement> announcement() {
        return guestMac().map(mac -> new Announcement(mac, guestAddress()));
    }

    /// The announcement, then the repeated acknowledgements of every live flow, the most recent flow first. Hand them
    /// to [Uplink#sendTogether]; doing so again later is harmless and helps when a frame was lost.
    public List<byte[]> goLiveFrames() {
        List<byte[]> frames = new ArrayList<>();
        announcement().ifPresent(announcement -> frames.addAll(announcement.frames()));
        frames.addAll(repeatedAcknowledgements());
        return frames;
    }

    /// Three equal pure acknowledgements for every live flow, the most recent flow first.
    public List<byte[]> repeatedAcknowledgements() {
        List<byte[]> frames = new ArrayList<>();
        SequencedMap<FlowKey, Flow> recentFirst = flows.reversed();
        recentFirst.forEach((key, flow) -> {
            if (flow.phase == Phase.LIVE) {
                byte[] frame = pureAcknowledgement(key, flow);
                for (int i = 0; i < COPIES; i++) {
                    frames.add(frame);
                }
            }
        });
        return frames;
    }

    private void observe(TcpSegment segment, byte[] frame) {
        FlowKey key = new FlowKey(segment.addresses(), segment.ports());
        Flow flow = flows.computeIfAbsent(key, _ -> new Flow());
        if (segment.has(TcpSegment.RST)) {
            flow.phase = Phase.CLOSED;
        } else if (segment.has(TcpSegment.SYN)) {
            flow.phase = Phase.OPENING;
        } else if (flow.phase != Phase.CLOSED && segment.has(TcpSegment.ACK)) {
            acknowledge(flow, segment, frame);
            if (segment.has(TcpSegment.FIN)) {
                flow.phase = Phase.CLOSED;
            }
        }
    }

    private static void acknowledge(Flow flow, TcpSegment segment, byte[] frame) {
        int end = segment.sequence() + segment.payloadBytes();
        if (flow.phase == Phase.OPENING) {
            flow.phase = Phase.LIVE;
            flow.nextSequence = end;
        } else {
            if (segment.acknowledgement() - flow.acknowledged < 0) {
                return;
            }
            if (end - flow.nextSequence > 0) {
                flow.nextSequence = end;
            }
        }
        flow.peerMac = MacAddress.bitsAt(frame, EthernetFrame.DESTINATION);
        flow.acknowledged = segment.acknowledgement();
        flow.window = segment.window();
        flow.options = segment.options(frame);
    }

    private byte[] pureAcknowledgement(FlowKey key, Flow flow) {
        return TcpSegment.pureAcknowledgement(
                new MacAddress(flow.peerMac),
                new MacAddress(guestMac),
                new TcpSegment(
                        key.addresses, key.ports, flow.nextSequence, flow.acknowledged, TcpSegment.ACK, flow.window,
                                0, 0, 0),
                flow.options);
    }
}
