package io.sosia.appliance.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressesTest {
    @ParameterizedTest
    @ValueSource(strings = {"unix:/run/lan", "tcp:127.0.0.1:0", "tcp:host.example:65535", "tcp:[::1]:80"})
    void readsStreamAddressesAndSaysThemTheSameWay(String text) {
        assertThat(StreamAddress.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "unix:", "tcp:", "tcp:host", "tcp::80", "tcp:host:port", "tcp:host:65536",
            "tcp:host:-1", "/run/lan", "udp:a:1"})
    void refusesOtherStreamAddresses(String text) {
        assertThatThrownBy(() -> StreamAddress.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void readsPortsToPublish() {
        assertThat(PortForward.parse("8080:80")).isEqualTo(new PortForward(Ipv4Address.LOOPBACK, 8080, 80));
        assertThat(PortForward.parse("0.0.0.0:0:22")).isEqualTo(new PortForward(new Ipv4Address(0), 0, 22));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "80", ":80", "80:", "80:0", "65536:1", "a:b", "1.2.3:80:80", "1.2.3.256:80:80",
            "x:80:80", "1:2:3:4", "-1:80", "::1:80:80"})
    void refusesOtherPortsNamingThem(String text) {
        assertThatThrownBy(() -> PortForward.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void readsAndWritesMacAddresses() {
        assertThat(MacAddress.parse("52:54:00:AB:cd:01")).hasToString("52:54:00:ab:cd:01");
        assertThat(MacAddress.BROADCAST.isGroup()).isTrue();
        assertThat(MacAddress.parse("01:00:5e:00:00:01").isGroup()).isTrue();
        assertThat(MacAddress.parse("52:54:00:00:00:01").isGroup()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "52:54:00:ab:cd", "52:54:00:ab:cd:0", "52:54:00:ab:cd:gg", "52-54-00-ab-cd-01",
            "52:54:00:ab:cd:01:02"})
    void refusesOtherMacAddresses(String text) {
        assertThatThrownBy(() -> MacAddress.parse(text)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(text);
    }
}
