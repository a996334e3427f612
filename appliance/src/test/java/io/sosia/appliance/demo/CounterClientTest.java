package io.sosia.appliance.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class CounterClientTest {

    private static final Duration PATIENCE = Duration.ofSeconds(120);

    @Test
    void countsWhatRedisAcknowledgesUntilTheConnectionEnds() throws Exception {
        try (ScriptedRedis redis = new ScriptedRedis(List.of(":1", ":2", ":3"));
                CounterClient client = CounterClient.connect(redis.port(), PATIENCE)) {
            assertThatThrownBy(() -> client.count("k"))
                    .isInstanceOf(DemoException.class)
                    .hasMessageStartingWith("the client's connection broke after 3 increments");
            assertThat(client.acknowledged()).isEqualTo(3);
            assertThat(client.lost()).isZero();
            assertThat(client.repeated()).isZero();
            assertThat(client.replyNanos()).hasSize(3).isSorted();
        }
    }

    @Test
    void seesLostIncrementsWhenTheCounterFallsBack() throws Exception {
        try (ScriptedRedis redis = new ScriptedRedis(List.of(":1", ":2", ":3", ":2", ":3"));
                CounterClient client = CounterClient.connect(redis.port(), PATIENCE)) {
            assertThatThrownBy(() -> client.count("k")).isInstanceOf(DemoException.class);
            assertThat(client.lost()).isEqualTo(2);
            assertThat(client.repeated()).isZero();
        }
    }

    @Test
    void seesRepeatedIncrementsWhenTheCounterJumpsAhead() throws Exception {
        try (ScriptedRedis redis = new ScriptedRedis(List.of(":1", ":3", ":4"));
                CounterClient client = CounterClient.connect(redis.port(), PATIENCE)) {
            assertThatThrownBy(() -> client.count("k")).isInstanceOf(DemoException.class);
            assertThat(client.repeated()).isEqualTo(1);
            assertThat(client.lost()).isZero();
        }
    }

    @Test
    void readsTheCounterAndZeroWhenThereIsNone() throws Exception {
        try (ScriptedRedis redis = new ScriptedRedis(List.of("$2\r\n42", "$-1"));
                CounterClient client = CounterClient.connect(redis.port(), PATIENCE)) {
            assertThat(client.get("k")).isEqualTo(42);
            assertThat(client.get("none")).isZero();
        }
    }

    @Test
    void refusesAReplyThatIsNoNumber() throws Exception {
        try (ScriptedRedis redis = new ScriptedRedis(List.of("-ERR value is not an integer"));
                CounterClient client = CounterClient.connect(redis.port(), PATIENCE)) {
            assertThatThrownBy(() -> client.count("k")).hasMessageContaining("-ERR value is not an integer");
        }
    }

    @Test
    void saysHowLongItWaitedForAReply() throws Exception {
        try (ServerSocket mute = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                CounterClient client = CounterClient.connect(mute.getLocalPort(), Duration.ofMillis(1))) {
            assertThatThrownBy(() -> client.count("k")).hasMessageContaining("no reply to INCR k");
        }
    }

    @Test
    void saysWhereNobodyListens() throws IOException {
        int port;
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = server.getLocalPort();
        }
        assertThatThrownBy(() -> CounterClient.connect(port, PATIENCE)).hasMessageContaining("127.0.0.1:" + port);
    }
}
