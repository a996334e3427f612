package io.sosia.disksync.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Programs that others wrote read the past of a disk that is being written. They are not told that it is read-only
/// or sparse: they have to find out.
@Timeout(240)
class NbdClientsTest {
    private static final int SIZE = 96 << 20;

    @TempDir
    private Path folder;
    private ExportedDisk disk;
    private NbdServer server;
    private final AtomicBoolean enough = new AtomicBoolean();
    private CompletableFuture<Void> writer;

    @BeforeEach
    void serveWhileWritesGoOn() throws IOException {
        disk = new ExportedDisk(folder.resolve("disk"), SIZE, SIZE / 3, 2L * SIZE, 3);
        server = new NbdServer(disk.view, new InetSocketAddress("127.0.0.1", 0), "disk of a test");
        writer = CompletableFuture.runAsync(() -> {
            byte[] present = disk.past.clone();
            try {
                while (!enough.get()) {
                    disk.change(present);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @AfterEach
    void end() throws IOException {
        enough.set(true);
        writer.join();
        assertThat(disk.view.ended()).as("the view has lasted").isEmpty();
        server.close();
        disk.close();
    }

    /// @return what it printed, errors included
    private String run(int status, String... command) throws Exception {
        assumeTrue(Stream.of(System.getenv("PATH").split(":")).anyMatch(path -> Files.isExecutable(Path.of(path, command[0]))),
                command[0] + " is not installed");
        Path output = Files.createTempFile(folder, "output", "");
        Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true)
                .redirectOutput(output.toFile()).start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("%s ends", String.join(" ", command)).isTrue();
        String printed = Files.readString(output, StandardCharsets.UTF_8);
        assertThat(process.exitValue()).as("%s: %s", String.join(" ", command), printed).isEqualTo(status);
        return printed;
    }

    private Path pastAsFile() throws IOException {
        return Files.write(folder.resolve("past.img"), disk.past);
    }

    @Test
    void nbdinfoDescribesIt() throws Exception {
        String info = run(0, "nbdinfo", server.uri());
        assertThat(info).contains("protocol: newstyle-fixed", "export-size: " + SIZE, "is_read_only: true",
                "can_multi_conn: true", "block_size_minimum: 512", "block_size_maximum: 33554432", "base:allocation");
        assertThat(run(0, "nbdinfo", "--list", server.uri())).contains("export=\"\"");
        assertThat(run(0, "nbdinfo", "--map", server.uri())).contains("data", "hole,zero");
    }

    @Test
    void nbdcopyCopiesThePastByteByByte() throws Exception {
        run(0, "nbdcopy", server.uri(), "copy.img");
        assertThat(Files.mismatch(folder.resolve("copy.img"), pastAsFile())).isEqualTo(-1);
        assertThat(server.sentBytes()).as("holes are not sent").isLessThan(SIZE);
    }

    @Test
    void nbdcopyOverOneConnectionByASocketInTheFileSystem() throws Exception {
        try (NbdServer local = new NbdServer(disk.view, NbdAddress.parse("unix:" + folder.resolve("nbd.sock")), "")) {
            run(0, "nbdcopy", "--connections=1", "--requests=1", local.uri(), "copy.img");
        }
        assertThat(Files.mismatch(folder.resolve("copy.img"), pastAsFile())).isEqualTo(-1);
    }

    @Test
    void qemuConvertsAndCompares() throws Exception {
        Path past = pastAsFile();
        assertThat(run(0, "qemu-img", "info", "-f", "raw", server.uri())).contains("96 MiB");
        run(0, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", server.uri(), "copy.qcow2");
        assertThat(run(0, "qemu-img", "compare", "-f", "qcow2", "-F", "raw", "copy.qcow2", past.toString()))
                .contains("identical");
        assertThat(run(0, "qemu-img", "compare", "-f", "raw", "-F", "raw", server.uri(), past.toString()))
                .contains("identical");
    }

    @Test
    void fioReadsAtRandomWhatWasThere() throws Exception {
        // fio checks patterns it has written itself: here, into the past of a second disk.
        Path verified = folder.resolve("verified.img");
        String[] job = {"fio", "--name=past", "--bs=4k", "--size=8m", "--verify=crc32c", "--randseed=7", "--output=fio.txt"};
        run(0, with(job, "--rw=write", "--ioengine=psync", "--do_verify=0", "--filename=" + verified));
        byte[] bytes = Files.readAllBytes(verified);
        try (ExportedDisk second = ExportedDisk.of(folder.resolve("second"), bytes);
             NbdServer past = new NbdServer(second.view, new InetSocketAddress("127.0.0.1", 0), "")) {
            byte[] present = bytes.clone();
            for (int i = 0; i < 100; i++) {
                second.change(present);
            }
            run(0, with(job, "--rw=read", "--ioengine=nbd", "--iodepth=16", "--uri=" + past.uri()));
            run(0, "fio", "--name=random", "--bs=4k", "--size=8m", "--rw=randread", "--ioengine=nbd", "--iodepth=16",
                    "--output=random.txt", "--uri=" + past.uri());
            assertThat(past.sentBytes()).as("read twice").isGreaterThanOrEqualTo(2L * bytes.length);
        }
    }

    private static String[] with(String[] command, String... more) {
        return Stream.concat(Stream.of(command), Stream.of(more)).toArray(String[]::new);
    }

    @Test
    void qemuMayNotWrite() throws Exception {
        assertThat(run(1, "qemu-io", "-f", "raw", "-c", "write 0 512", server.uri())).contains("Permission denied");
    }
}
