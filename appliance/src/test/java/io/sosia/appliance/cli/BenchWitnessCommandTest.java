package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class BenchWitnessCommandTest {

    /// What it says to options of which one is always wrong.
    private static String refusal(String... options) {
        StringWriter said = new StringWriter();
        assertThat(new CommandLine(new BenchWitnessCommand()).setErr(new PrintWriter(said)).execute(options)).isEqualTo(2);
        return said.toString();
    }

    @Test
    void encryptionIsOnOrOffAndNothingElse() {
        assertThat(refusal("--tls", "maybe")).contains("--tls is `maybe`, expected on or off");
        assertThat(refusal("--tls", "on", "--runs", "0")).contains("expected one run or more");
        assertThat(refusal("--tls", "off", "--runs", "0")).contains("expected one run or more");
    }
}
