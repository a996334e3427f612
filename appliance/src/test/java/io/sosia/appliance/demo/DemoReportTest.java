package io.sosia.appliance.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class DemoReportTest {

    private static final DemoReport.Failover FIRST =
            new DemoReport.Failover(1_003, 400, 600, 12.5, 30, 20, 537.5);
    private static final DemoReport REPORT = new DemoReport(true, 2, 2_040, 2_040, 0, 0, true, null, 612.5, FIRST, 12.5, 6_500,
            450_000, 4.5, 20, 14.2, 31.5, "256M", "local", "interpreter", 0);

    @Test
    void isOneJsonObjectWithTheNamedFigures() throws Exception {
        JsonNode json = new ObjectMapper().readTree(REPORT.toJson());

        assertThat(json.fieldNames()).toIterable().contains("passed", "acknowledged", "finalCounter", "lost",
                "repeated", "longestGapMillis", "detectMillis", "drainMillis", "claimMillis", "goLiveMillis",
                "logBitsPerSecond", "lagMillis", "incrementsPerSecond", "bootSeconds", "engine", "rounds",
                "disksIdentical", "clonePauseMillisMedian", "protectedAgainMillisMedian");
        assertThat(json.path("acknowledged").asLong()).isEqualTo(2_040);
        assertThat(json.path("claimMillis").asDouble()).isEqualTo(20);
    }

    @Test
    void tellsFailureFromSuccessInItsFirstLine() {
        DemoReport failed = new DemoReport(false, 1, 2_040, 2_038, 2, 0, null, null, 612.5, FIRST, 12.5, 6_500,
                450_000, 4.5, 20, 14.2, 31.5, "256M", "logged", "interpreter", 5);
        DemoReport apart = new DemoReport(false, 1, 2_040, 2_040, 0, 0, false, null, 612.5, FIRST, 12.5, 6_500,
                450_000, 4.5, 20, 14.2, 31.5, "256M", "local", "interpreter", 0);

        assertThat(REPORT.toText().strip()).startsWith("Passed").contains("its own disk").doesNotContain("frames lost");
        assertThat(failed.toText().strip()).startsWith("FAILED").contains("the log, interpreter, 5.0 % of frames lost");
        assertThat(apart.toText().strip()).startsWith("FAILED: the disks").contains("DIFFERENT");
    }

    @Test
    void aFailureWithoutReportIsAJsonObjectToo() throws Exception {
        JsonNode json = new ObjectMapper().readTree(DemoReport.failureJson("no \"reply\"\nfor 60 s"));

        assertThat(json.path("passed").asBoolean(true)).isFalse();
        assertThat(json.path("error").asText()).isEqualTo("no \"reply\"\nfor 60 s");
    }
}
