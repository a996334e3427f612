package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.node.TrustStatus;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/// What `sosia status` says of encryption and strangers.
class StatusLinksTest {

    private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");

    private static String links(boolean encrypted, Duration left) {
        return StatusCommand.links(new TrustStatus(encrypted, NOW.plus(left).getEpochSecond(), 7, 3), NOW);
    }

    @Test
    void saysUntilWhenTheCertificateHoldsAndWhoWasRefused() {
        assertThat(links(true, Duration.ofDays(100))).isEqualTo("TLS 1.3, certificate until 2026-09-09T00:00:00Z; "
                + "refused 7 connections, dropped 3 messages of another life or epoch");
    }

    @Test
    void warnsOfACertificateThatEndsSoonOrHasEnded() {
        assertThat(links(true, Duration.ofDays(29))).contains("ends in 29 days, renew it: sosia certs renew");
        assertThat(links(true, Duration.ofDays(-1))).contains("EXPIRED, renew it: sosia certs renew");
    }

    @Test
    void saysLoudlyThatNothingIsEncrypted() {
        assertThat(links(false, Duration.ofDays(100))).startsWith("NOT ENCRYPTED (tls: off)").contains("refused 7");
    }
}
