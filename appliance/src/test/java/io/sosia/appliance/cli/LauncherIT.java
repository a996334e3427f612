package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.image.PreparedImage;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The real guest as a user starts it: by the launcher, with its options for Java and the engine it chooses.
@Timeout(1_800)
class LauncherIT {

    private static final int SECONDS_MAX = 300;
    private static final Path HOME = Path.of("..").toAbsolutePath().normalize();

    @TempDir
    private Path directory;

    @Test
    void debianBootsAndPowersOff() throws Exception {
        PreparedImage.provide();
        // The build that this test is a part of has made the jar, as the launcher would.
        Files.write(HOME.resolve("appliance/target/.built"), new byte[0]);
        Path err = directory.resolve("run.err");
        ProcessBuilder command = new ProcessBuilder(HOME.resolve("sosia").toString(), "machine", "run", "--image", "default");
        command.environment().put("SOSIA_QUICK_START", "off");
        Process run = command.redirectError(err.toFile()).start();
        // A guest that hangs says nothing more, and would be waited for.
        CompletableFuture.delayedExecutor(SECONDS_MAX, TimeUnit.SECONDS).execute(run::destroyForcibly);
        try (BufferedReader console = new BufferedReader(
                new InputStreamReader(run.getInputStream(), StandardCharsets.UTF_8))) {
            StringBuilder seen = new StringBuilder();
            boolean asked = false;
            for (String line = console.readLine(); line != null; line = console.readLine()) {
                seen.append(line).append('\n');
                if (line.contains("GUEST READY")) {
                    run.getOutputStream().write("poweroff\n".getBytes(StandardCharsets.US_ASCII));
                    run.getOutputStream().flush();
                    asked = true;
                }
            }
            assertThat(asked).as("%s\n%s", seen, Files.readString(err)).isTrue();
            assertThat(run.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(run.exitValue()).as("%s\n%s", seen, Files.readString(err)).isZero();
            assertThat(seen).contains("Power down");
        } finally {
            run.descendants().forEach(ProcessHandle::destroyForcibly);
            run.destroyForcibly();
        }
    }
}
