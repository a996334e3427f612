package io.sosia.appliance.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AnnouncementTest {
    private static final MacAddress GUEST = MacAddress.parse("52:54:00:12:34:56");

    @Test
    void saysTheAddressByRarpAndByBothFormsOfGratuitousArp() {
        List<byte[]> frames = new Announcement(GUEST, Optional.of(Passt.GUEST)).frames();
        assertThat(frames).extracting(HexFormat.of()::formatHex).containsExactly(
                "ffffffffffff525400123456" + "8035" + "0001080006040003" + "525400123456" + "00000000"
                        + "525400123456" + "00000000",
                "ffffffffffff525400123456" + "0806" + "0001080006040001" + "525400123456" + "0a00020f"
                        + "000000000000" + "0a00020f",
                "ffffffffffff525400123456" + "0806" + "0001080006040002" + "525400123456" + "0a00020f"
                        + "525400123456" + "0a00020f");
    }

    @Test
    void saysOnlyRarpWhileTheAddressIsUnknown() {
        List<byte[]> frames = new Announcement(GUEST, Optional.empty()).frames();
        assertThat(frames).hasSize(1);
        assertThat(EthernetFrame.unsigned16(frames.getFirst(), EthernetFrame.TYPE)).isEqualTo(0x8035);
    }

    @Test
    void refusesAGroupAddress() {
        assertThatThrownBy(() -> new Announcement(MacAddress.BROADCAST, Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ff:ff:ff:ff:ff:ff");
    }
}
