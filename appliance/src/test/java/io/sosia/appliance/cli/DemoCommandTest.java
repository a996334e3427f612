package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class DemoCommandTest {

    @TempDir
    Path directory;

    private final StringWriter errors = new StringWriter();

    private int run(String... arguments) {
        CommandLine command = Sosia.commandLine();
        command.setErr(new PrintWriter(errors));
        return command.execute(arguments);
    }

    @ParameterizedTest
    @CsvSource({
        "--increments, 0, increments are 1 to",
        "--ram, 256X, expected a size",
        "--ram, 64M, which needs 96 MiB",
        "--backup-reads, never, `local` or `logged`",
        "--drop, 101, not a share",
        "--engine, qemu, 'there are: interpreter, translator, auto'"
    })
    void refusesBadUsageNamingWhatIsWanted(String option, String value, String wanted) {
        assertThat(run("demo", option, value)).isEqualTo(CliException.BAD_INPUT);
        assertThat(errors.toString()).contains(wanted);
    }

    @Test
    void leavesAFolderAloneThatIsNotEmptyAndReportsTheFailure() throws Exception {
        Path theirs = Files.writeString(directory.resolve("theirs"), "kept");
        Path json = Files.createTempFile("report", ".json");
        try {
            assertThat(run("demo", "--dir", directory.toString(), "--json", json.toString()))
                    .isEqualTo(CliException.FAILED);
            assertThat(errors.toString()).contains("is not empty");
            assertThat(new ObjectMapper().readTree(json.toFile()).path("passed").asBoolean(true)).isFalse();
        } finally {
            Files.delete(json);
        }
        assertThat(theirs).hasContent("kept");
    }
}
