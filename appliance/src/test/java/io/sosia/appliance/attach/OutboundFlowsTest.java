package io.sosia.appliance.attach;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class OutboundFlowsTest {
    private static final int ACK = TcpSegment.ACK;
    private static final int PSH = 0x08;
    private static final byte[] NO_OPTIONS = {};
    private static final byte[] TIMESTAMPS = HexFormat.of().parseHex("0101080a0000000100000002");
    private static final TcpSegment FLOW = flow(40_000);

    private final OutboundFlows flows = new OutboundFlows();

    @Test
    void repeatsTheLastPureAcknowledgementThreeTimesByteForByte() {
        flows.observe(TcpFrames.segment(FLOW, 1001, 5001, ACK, 502, TIMESTAMPS, ""));
        List<byte[]> frames = flows.repeatedAcknowledgements();
        assertThat(frames).hasSize(3);
        // Checksums computed apart from this code: 0x22b4 (IPv4) and 0x9016 (TCP).
        assertThat(frames).allSatisfy(frame -> assertThat(HexFormat.of().formatHex(frame))
                .isEqualTo("52550a000202" + "525400123456"
                + "0800" + "45000034000040004006" + "22b4" + "0a00020f0a000202" + "18eb9c40" + "000003e9" + "00001389"
                        + "8010" + "01f6"
                + "9016" + "0000" + "0101080a0000000100000002"));
    }

    @Test
    void makesAPureAcknowledgementOfOneThatTravelledWithData() {
        flows.observe(TcpFrames.segment(FLOW, 1001, 5001, ACK | PSH, 502, TIMESTAMPS, "+OK\r\n"));
        TcpSegment repeated = single();
        assertThat(repeated.payloadBytes()).isZero();
        assertThat(repeated.flags()).isEqualTo(ACK);
        assertThat(repeated.sequence()).as("after the data").isEqualTo(1006);
        assertThat(repeated.acknowledgement()).isEqualTo(5001);
        assertThat(repeated.window()).isEqualTo(502);
        assertThat(repeated.optionsBytes()).isEqualTo(12);
    }

    @Test
    void keepsTheHighestAcknowledgementAlsoAcrossTheEndOfTheNumberRange() {
        flows.observe(TcpFrames.segment(FLOW, 0x7fff_fff0, -3, ACK, 502, NO_OPTIONS, ""));
        flows.observe(TcpFrames.segment(FLOW, 0x7fff_fff0, 5, ACK | PSH, 501, NO_OPTIONS, "0123456789abcdef0123"));
        flows.observe(TcpFrames.segment(FLOW, 0x7fff_fff0, -3, ACK | PSH, 400, NO_OPTIONS, "old"));
        TcpSegment repeated = single();
        assertThat(repeated.acknowledgement()).isEqualTo(5);
        assertThat(repeated.window()).isEqualTo(501);
        assertThat(repeated.sequence()).isEqualTo(0x7fff_fff0 + 20);
    }

    @Test
    void takesTheLatestWindowOfAnEqualAcknowledgementAndNeverGoesBackInItsOwnNumbers() {
        flows.observe(TcpFrames.segment(FLOW, 2000, 5001, ACK | PSH, 502, NO_OPTIONS, "data"));
        flows.observe(TcpFrames.segment(FLOW, 2000, 5001, ACK | PSH, 490, NO_OPTIONS, "da"));
        assertThat(single().sequence()).isEqualTo(2004);
        assertThat(single().window()).isEqualTo(490);
    }

    @Test
    void saysNothingForAFlowOfWhichOnlySynWasSeen() {
        flows.observe(TcpFrames.segment(FLOW, 1000, 5001, TcpSegment.SYN | ACK, 64_240, NO_OPTIONS, ""));
        assertThat(flows.repeatedAcknowledgements()).isEmpty();
    }

    @Test
    void saysNothingForAFlowThatTheGuestEnded() {
        for (int end : new int[] {TcpSegment.FIN | ACK, TcpSegment.RST, TcpSegment.RST | ACK}) {
            flows.observe(TcpFrames.segment(FLOW, 1000, 5001, TcpSegment.SYN | ACK, 64_240, NO_OPTIONS, ""));
            flows.observe(TcpFrames.segment(FLOW, 1001, 5001, ACK, 502, NO_OPTIONS, ""));
            assertThat(flows.repeatedAcknowledgements()).as("before flags %x", end).hasSize(3);
            flows.observe(TcpFrames.segment(FLOW, 1001, 5001, end, 502, NO_OPTIONS, ""));
            flows.observe(TcpFrames.segment(FLOW, 1002, 5002, ACK, 502, NO_OPTIONS, ""));
            assertThat(flows.repeatedAcknowledgements()).as("after flags %x", end).isEmpty();
        }
    }

    @Test
    void forgetsTheFlowSilentForLongestFirst() {
        for (int port = 1; port <= OutboundFlows.FLOWS_MAX; port++) {
            flows.observe(TcpFrames.segment(flow(port), 1, 1, ACK, 502, NO_OPTIONS, ""));
        }
        flows.observe(TcpFrames.segment(flow(1), 1, 2, ACK, 502, NO_OPTIONS, ""));
        flows.observe(TcpFrames.segment(flow(50_000), 1, 1, ACK, 502, NO_OPTIONS, ""));

        List<Integer> ports = flows.repeatedAcknowledgements().stream()
                .map(frame -> TcpSegment.in(frame).ports() & 0xffff)
                .distinct()
                .toList();
        assertThat(ports).hasSize(OutboundFlows.FLOWS_MAX).startsWith(50_000, 1).contains(3).doesNotContain(2);
    }

    @Test
    void learnsTheGuestsAddressesAndTrustsArpMost() {
        assertThat(flows.announcement()).isEmpty();
        flows.observe(TcpFrames.segment(FLOW, 1, 1, ACK, 502, NO_OPTIONS, ""));
        assertThat(flows.announcement()).contains(new Announcement(TcpFrames.GUEST, Optional.of(Passt.GUEST)));
        Ipv4Address own = Ipv4Address.parse("192.0.2.9");
        flows.observe(new Announcement(TcpFrames.GUEST, Optional.of(own)).frames().get(1));
        flows.observe(TcpFrames.segment(FLOW, 1, 1, ACK, 502, NO_OPTIONS, ""));
        assertThat(flows.guestAddress()).as("not a forwarded packet's").contains(own);
        assertThat(flows.goLiveFrames()).hasSize(3 + 3);
    }

    @Test
    void ignoresFragmentsAndCutSegments() {
        byte[] fragment = TcpFrames.segment(FLOW, 1, 1, ACK, 502, NO_OPTIONS, "");
        fragment[EthernetFrame.HEADER_BYTES + 6] = 0x20;
        flows.observe(fragment);
        byte[] whole = TcpFrames.segment(FLOW, 1, 1, ACK, 502, TIMESTAMPS, "");
        for (int length = 0; length < whole.length; length++) {
            flows.observe(Arrays.copyOf(whole, length));
        }
        assertThat(flows.repeatedAcknowledgements()).isEmpty();
    }

    @Property(tries = 500)
    void takesAnyBytesAndAlwaysMakesWholeSegments(
            @ForAll @Size(max = 30) List<@IntRange(min = 0, max = 65_535) Integer> corruptions,
                    @ForAll @IntRange(max = 80) int length) {
        byte[] frame = TcpFrames.segment(FLOW, 1001, 5001, ACK | PSH, 502, TIMESTAMPS, "payload");
        OutboundFlows any = new OutboundFlows();
        for (int corruption : corruptions) {
            frame[(corruption >>> 8) % frame.length] = (byte) corruption;
            any.observe(frame);
            any.observe(Arrays.copyOf(frame, length));
        }
        for (byte[] repeated : any.repeatedAcknowledgements()) {
            TcpSegment segment = TcpSegment.in(repeated);
            assertThat(segment).isNotNull();
            assertThat(segment.payloadBytes()).isZero();
            assertThat(segment.flags()).isEqualTo(ACK);
        }
    }

    private TcpSegment single() {
        List<byte[]> frames = flows.repeatedAcknowledgements();
        assertThat(frames).hasSize(3);
        return TcpSegment.in(frames.getFirst());
    }

    private static TcpSegment flow(int port) {
        return TcpFrames.flow((long) Passt.GUEST.bits() << 32 | Passt.GATEWAY.bits(), 6379 << 16 | port);
    }
}
