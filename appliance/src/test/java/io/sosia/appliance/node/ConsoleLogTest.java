package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.witness.claim.Incarnation;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ConsoleLogTest {

    private static final Incarnation PARTNER = new Incarnation(new UUID(1, 1));
    private static final Incarnation ITS_NEXT_LIFE = new Incarnation(new UUID(1, 2));

    private final ConsoleLog console = new ConsoleLog(64);

    private void append(long offset, String text) {
        console.append(offset, text.getBytes(StandardCharsets.US_ASCII));
    }

    private String text() {
        return new String(console.from(0, 64).bytes(), StandardCharsets.US_ASCII);
    }

    @Test
    void aNodeTakenInAgainByTheLifeItRanBesideKeepsWhatItHasSeen() {
        console.shareWith(PARTNER);
        append(0, "one run");
        console.takeFrom(PARTNER);
        console.skipTo(7);
        append(7, " goes on");
        assertThat(text()).isEqualTo("one run goes on");
    }

    @Test
    void theConsoleOfAnotherRunIsNotTakenForThisOnes() {
        console.takeFrom(PARTNER);
        append(0, "a long run before the power failed");
        console.takeFrom(ITS_NEXT_LIFE);
        console.skipTo(4);
        append(4, "boots");
        assertThat(console.from(0, 64).offset()).isEqualTo(4);
        assertThat(text()).isEqualTo("boots");
    }

    @Test
    void aMachineThatBootsHasWrittenNothing() {
        append(0, "a run before");
        console.beginAnew();
        append(0, "new");
        assertThat(text()).isEqualTo("new");
    }
}
