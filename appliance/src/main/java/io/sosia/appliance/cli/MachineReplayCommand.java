package io.sosia.appliance.cli;

import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogFormatException;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.OutputTotals;
import io.sosia.appliance.image.GuestImage;
import io.sosia.appliance.lockstep.OutputSink;
import io.sosia.appliance.machine.Machine;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.appliance.recording.Playback;
import io.sosia.appliance.recording.RecordingHeader;
import io.sosia.appliance.recording.RecordingHeader.RecordedFile;
import io.sosia.appliance.recording.RecordingReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `sosia machine replay`.
@Command(
        name = "replay",
        description = {
            "Repeats a recorded run instruction by instruction and checks every digest and every output byte.",
            "Needs the kernel and initrd (or ELF) of the recording, found by path and checked by hash; never the disk."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "%nExit status: 0 when the run was reproduced to the last output byte; 1 when it was not, or the "
            + "recording is cut, "
                    + "corrupt or of other files; 2 on bad usage or files that cannot be read."
        })
final class MachineReplayCommand implements Callable<Integer> {
    private static final int BUFFER_BYTES = 256 << 10;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Parameters(paramLabel = "LOG", description = "What \"sosia machine run --record LOG\" wrote.")
    private Path log;

    @Option(
            names = "--image",
            paramLabel = "DIR|default",
            description = "Takes kernel and initrd from this guest image, when they are no longer where the "
            + "recording says.")
    private String image;

    @Option(names = "--console", description = "Shows what the guest printed.")
    private boolean console;

    @Mixin
    private EngineOption engine;

    @Override
    public Integer call() {
        if (!Files.isRegularFile(log)) {
            throw new CliException(CliException.BAD_INPUT, "recording " + log + " does not exist or is not a file; "
                    + "check the path");
        }
        try (InputStream in = new BufferedInputStream(Files.newInputStream(log), BUFFER_BYTES)) {
            RecordingReader reader = new RecordingReader(in);
            Machine machine = files(reader.header()).build(engine.kind());
            long from = System.nanoTime();
            Playback.Outcome outcome = Playback.play(reader, machine, shown());
            return switch (outcome) {
                case Playback.Outcome.Reproduced(LogEntry.End end, long entries) -> {
                    tell(end, entries, reader.position(), System.nanoTime() - from);
                    yield 0;
                }
                case Playback.Outcome.Diverged(var evidence) ->
                        throw new CliException(CliException.FAILED, log + " was not reproduced: " + evidence);
            };
        } catch (LogFormatException e) {
            throw new CliException(CliException.FAILED, log + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new CliException(CliException.BAD_INPUT, "recording " + log + " cannot be read: " + e.getMessage(),
                    e);
        } catch (IllegalArgumentException | IllegalStateException e) {
            // A recording with right checksums that no recorder wrote.
            throw new CliException(CliException.FAILED, log + " asks for what no machine does: " + e.getMessage(), e);
        }
    }

    private MachineFiles files(RecordingHeader header) {
        Optional<GuestImage> moved = Optional.ofNullable(image).map(this::openImage);
        BootFile program = read("kernel", header.program(), moved.map(GuestImage::kernel));
        Optional<BootFile> initrd = header.initrd()
                .map(recorded -> read("initrd", recorded, moved.flatMap(GuestImage::initrd)));
        return new MachineFiles(
                header.ramBytes(), header.diskBytes(), header.macBits(), header.commandLine(), program, initrd);
    }

    private GuestImage openImage(String name) {
        try {
            return GuestImage.open(name.equals("default") ? GuestImage.defaultDirectory() : Path.of(name));
        } catch (IOException | IllegalArgumentException e) {
            throw new CliException(CliException.BAD_INPUT, e.getMessage(), e);
        }
    }

    private BootFile read(String what, RecordedFile recorded, Optional<Path> moved) {
        Path path = moved.orElse(Path.of(recorded.path()));
        if (!Files.exists(path)) {
            throw new CliException(CliException.BAD_INPUT, what + " " + path + " of the recording is not there; "
                    + "name the image it belongs to with --image DIR");
        }
        BootFile file = BootFile.read(what, path);
        if (!file.sha256().equals(recorded.sha256())) {
            throw new CliException(CliException.FAILED, what + " " + path + " is not the recorded one: SHA-256 "
                    + file.sha256() + ", expected " + recorded.sha256() + "; name the right image with --image DIR");
        }
        return file;
    }

    private OutputSink shown() {
        PrintStream out = System.out;
        return new OutputSink() {
            @Override
            public void external(MarkedOutput marked) {
                if (console && marked.output() instanceof MachineOutput.ConsoleOut(long _, byte[] bytes)) {
                    out.writeBytes(bytes);
                    out.flush();
                }
            }

            @Override
            public void disk(DiskRequest request) {
                // What it read is in the recording; what it wrote nobody needs.
            }

            @Override
            public void entropyWanted(int bytes) {
                // In the recording.
            }
        };
    }

    private void tell(LogEntry.End end, long entries, long bytes, long nanos) {
        OutputTotals totals = end.totals();
        PrintWriter out = spec.commandLine().getOut();
        out.printf("reproduced %s: %,d steps, %,d inputs, %,d log entries in %,d bytes%n",
                log, end.step(), end.inputs(), entries, bytes);
        out.printf("output: %,d console bytes, %,d frames of %,d bytes, all as recorded; final digest %016x%n",
                totals.consoleBytes(), totals.frames(), totals.frameBytes(), end.digest());
        out.printf("took %.1f s, %.0f million steps a second%n", nanos / 1e9, end.step() * 1e3 / nanos);
        out.flush();
    }
}
