package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class MachineCommandTest {

    private record Result(int status, String out, String err) {}

    @TempDir
    private Path directory;

    private Path guest;

    @BeforeEach
    void writeGuest() throws IOException {
        guest = Files.write(directory.resolve("guest.elf"), SmallGuest.elf());
    }

    /// Runs the command in a process of its own.
    private Result sosia(String input, Object... arguments) throws IOException, InterruptedException {
        Path out = directory.resolve("out");
        Path err = directory.resolve("err");
        Process process = start(out, err, arguments);
        process.getOutputStream().write(input.getBytes(StandardCharsets.US_ASCII));
        process.getOutputStream().close();
        if (!process.waitFor(120, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("no end within 120 s: " + Arrays.toString(arguments));
        }
        return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private static Process start(Path out, Path err, Object... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), Sosia.class.getName(),
                "machine"));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    }

    @Test
    void recordedRunIsReplayedToItsLastByte() throws Exception {
        Path log = directory.resolve("run.log");
        Result run = sosia("abcp", "run", "--kernel", guest, "--ram", "64M", "--record", log);
        assertThat(run.err()).contains("the guest shut down after").contains("sosia machine replay " + log);
        assertThat(run.out()).isEqualTo("hello\nABC");
        assertThat(run.status()).isZero();

        Result replay = sosia("", "replay", log, "--console");
        assertThat(replay.err()).isEmpty();
        assertThat(replay.out()).startsWith("hello\nABC").contains("reproduced " + log).contains("9 console bytes");
        assertThat(replay.status()).isZero();
    }

    @Test
    void runRecordedWithOneEngineIsReplayedWithTheOther() throws Exception {
        Path log = directory.resolve("run.log");
        Result run = sosia("abcp", "run", "--kernel", guest, "--ram", "64M", "--record", log, "--engine", "translator");
        assertThat(run.out()).isEqualTo("hello\nABC");
        assertThat(run.status()).isZero();

        Result replay = sosia("", "replay", log, "--engine", "interpreter");
        assertThat(replay.err()).isEmpty();
        assertThat(replay.status()).isZero();
    }

    @Test
    void systemFailureIsExitStatusOne() throws Exception {
        Result run = sosia("f", "run", "--kernel", guest, "--ram", "64M");
        assertThat(run.err()).contains("the guest reported a system failure");
        assertThat(run.status()).isEqualTo(1);
    }

    @Test
    void restartInGoodOrderIsExitStatusZero() throws Exception {
        Result run = sosia("r", "run", "--kernel", guest, "--ram", "64M");
        assertThat(run.err()).contains("the guest restarted");
        assertThat(run.status()).isZero();
    }

    @Test
    void terminatedRunStillLeavesAWholeRecording() throws Exception {
        Path log = directory.resolve("killed.log");
        Path out = directory.resolve("out");
        Process process = start(out, directory.resolve("err"), "run", "--kernel", guest, "--ram", "64M", "--record",
                log);
        while (!Files.readString(out).equals("hello\n")) {
            assertThat(process.isAlive()).as("runs until it is terminated").isTrue();
            Thread.onSpinWait();
        }
        process.destroy();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();

        Result replay = sosia("", "replay", log);
        assertThat(replay.err()).isEmpty();
        assertThat(replay.status()).isZero();
    }

    @Test
    void recordingThatIsCutOrCorruptOrOfAnotherGuestIsOneClearLineAndStatusOne() throws Exception {
        Path log = directory.resolve("run.log");
        assertThat(sosia("xyzp", "run", "--kernel", guest, "--ram", "64M", "--record", log).status()).isZero();
        byte[] whole = Files.readAllBytes(log);

        Files.write(log, Arrays.copyOf(whole, whole.length - 10));
        assertFails(sosia("", "replay", log), 1, "cut: ends in the middle of a batch of entries, at byte "
                + (whole.length - 10));

        byte[] corrupt = whole.clone();
        corrupt[corrupt.length - 10] ^= 4;
        Files.write(log, corrupt);
        assertFails(sosia("", "replay", log), 1, "corrupt: checksum of a batch of entries");

        Files.write(log, whole);
        byte[] other = SmallGuest.elf();
        other[other.length - 1] ^= 1;
        Files.write(guest, other);
        assertFails(sosia("", "replay", log), 1, "is not the recorded one: SHA-256");
    }

    @Test
    void whatCannotBeUsedIsOneClearLineAndStatusTwo() throws Exception {
        Path text = Files.writeString(directory.resolve("text"), "no kernel");
        assertFails(sosia("", "run", "--kernel", text), 2, "neither a raw RISC-V Linux Image nor a static RISC-V "
                + "ELF64");
        assertFails(sosia("", "run", "--kernel", directory.resolve("none")), 2, "is not a file");
        assertFails(sosia("", "run", "--kernel", guest, "--ram", "32M"), 2, "expected a multiple of 2 MiB from 64");
        assertFails(sosia("", "run", "--kernel", guest, "--disk", text), 2, "disk image " + text + " is too small");
        assertFails(sosia("", "run", "--kernel", guest, "--record", directory.resolve("no/such/dir")), 2,
                "cannot be written");
        assertFails(sosia("", "replay", directory.resolve("none")), 2, "does not exist");
    }

    @Test
    void tooLittleRamForTheBuiltImageIsOneClearLineAndStatusTwo() throws Exception {
        Files.writeString(directory.resolve("image.json"), """
                {"format": 1, "recipe": "0123456789abcdef", "commandLine": "",
                 "parts": {"kernel": {"file": "guest.elf", "bytes": %d, "sha256": "%s"}}}
                """.formatted(Files.size(guest), "0".repeat(64)));
        assertFails(sosia("", "run", "--image", directory, "--ram", "64M"), 2, "needs 96 MiB or more");
        assertThat(sosia("p", "run", "--image", directory, "--ram", "96M").status()).isZero();
    }

    private static void assertFails(Result result, int status, String message) {
        assertThat(result.err()).contains(message).hasLineCount(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.status()).isEqualTo(status);
    }

    @Test
    void badUsageIsStatusTwo() throws Exception {
        Result neither = sosia("", "run");
        assertThat(neither.err()).contains("give either --image or --kernel");
        assertThat(neither.status()).isEqualTo(2);
        Result engine = sosia("", "run", "--kernel", guest, "--engine", "jit");
        assertThat(engine.err()).contains("`jit` is no engine; there are: interpreter, translator, auto");
        assertThat(engine.status()).isEqualTo(2);
        Result publish = sosia("", "run", "--kernel", guest, "--publish", "0:80");
        assertThat(publish.err()).contains("--publish needs --net user");
        assertThat(publish.status()).isEqualTo(2);
    }
}
