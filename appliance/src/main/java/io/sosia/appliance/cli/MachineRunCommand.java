package io.sosia.appliance.cli;

import io.sosia.appliance.attach.Announcement;
import io.sosia.appliance.attach.ConsoleTerminal;
import io.sosia.appliance.attach.MacAddress;
import io.sosia.appliance.attach.Passt;
import io.sosia.appliance.attach.PortForward;
import io.sosia.appliance.attach.StreamUplink;
import io.sosia.appliance.attach.Uplink;
import io.sosia.appliance.eventlog.EndReason;
import io.sosia.appliance.eventlog.LogSink;
import io.sosia.appliance.image.GuestImage;
import io.sosia.appliance.machine.Machine;
import io.sosia.appliance.node.ByteSize;
import io.sosia.appliance.node.SingleMachine;
import io.sosia.appliance.recording.RecordingWriter;
import io.sosia.disksync.store.BlockStore;
import io.sosia.disksync.store.OverlayImage;
import io.sosia.disksync.store.RawImage;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `sosia machine run`.
@Command(
        name = "run",
        description = {
            "Runs one machine on this terminal until its guest shuts down or restarts, or you quit.",
            "On a terminal Ctrl-A x quits and Ctrl-A h helps; input from a pipe goes to the guest as it is."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  sosia machine run --image default --net user --publish 0:6379",
            "  sosia machine run --kernel Image --initrd initrd --disk root.img --append \"console=ttyS0 "
            + "root=/dev/vda rw\"",
            "  sosia machine run --kernel program.elf --record run.log && sosia machine replay run.log",
            "%nExit status: 0 when the guest shut down or restarted in good order, or you quit; 1 when it reported "
                    + "a system "
                    + "failure or the run could not go on; 2 on bad usage or files that cannot be used."
        })
final class MachineRunCommand implements Callable<Integer> {

    /// What happens to what the guest writes.
    enum DiskMode { WRITE, THROWAWAY }

    /// The network a machine may have.
    enum Network { NONE, USER }

    private static final long STOP_SECONDS_MAX = 20;
    private static final int RECORDING_BUFFER_BYTES = 256 << 10;
    private static final MacAddress MAC = MacAddress.parse("52:54:00:12:34:56");

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(
            names = "--image",
            paramLabel = "DIR|default",
            description = "Boots a guest image; \"default\" is the one \"sosia image build\" makes. "
                    + "What the guest writes is thrown away, unless --disk-mode says otherwise for a DIR.")
    private String image;

    @Option(
            names = "--kernel",
            paramLabel = "FILE",
            description = "Boots a raw RISC-V Linux Image, or a static RISC-V ELF64 (entered in S-mode).")
    private Path kernel;

    @Option(names = "--initrd", paramLabel = "FILE", description = "The kernel's initial RAM disk.")
    private Path initrd;

    @Option(names = "--disk", paramLabel = "FILE", description = "A raw disk image: /dev/vda of the guest.")
    private Path disk;

    @Option(
            names = "--disk-mode",
            paramLabel = "write|throwaway",
            description = "write: what the guest writes goes to the disk image (what --disk does by itself). "
                    + "throwaway: the image stays untouched, the guest's writes are forgotten at the end.")
    private DiskMode diskMode;

    @Option(
            names = "--append",
            paramLabel = "WORDS",
            description = "Kernel command line; with --image it is added to the image's own. "
                    + "Without it, a --kernel gets \"console=ttyS0\", and \"root=/dev/vda rw\" if there is a disk.")
    private String append;

    @Option(
            names = "--ram",
            paramLabel = "SIZE",
            defaultValue = "256M",
            converter = SizeConverter.class,
            description = "The guest's memory, 64M to 1G and more; the default image needs 96M "
                    + "(default: ${DEFAULT-VALUE}).")
    private long ramBytes;

    @Option(
            names = "--net",
            paramLabel = "user|none",
            defaultValue = "none",
            description = "user: a network that needs no privilege (passt): the guest is 10.0.2.15/24, gateway "
                    + "10.0.2.2 "
                    + "(default: ${DEFAULT-VALUE}).")
    private Network network;

    @Option(
            names = "--publish",
            arity = "1..*",
            paramLabel = "[ADDR:]HOST:GUEST",
            converter = NetworkCommand.PortForwardConverter.class,
            description = "Makes the guest's TCP port GUEST answer on port HOST of this host (0: a free one), "
                    + "on 127.0.0.1 or the address given. Needs --net user.")
    private List<PortForward> publish = new ArrayList<>();

    @Option(
            names = "--record",
            paramLabel = "LOG",
            description = "Records the run, with all it read of the disk, for \"sosia machine replay LOG\". "
            + "Replaces the file.")
    private Path recordTo;

    @Mixin
    private EngineOption engine;

    static final class SizeConverter implements NetworkCommand.Converter<Long> {
        @Override
        public Long parse(String text) {
            return ByteSize.parse(text);
        }
    }

    @Override
    public Integer call() throws IOException {
        checkUsage();
        GuestImage guest = openImage();
        try (BlockStore store = openDisk(guest.disk())) {
            MachineFiles files = new MachineFiles(ramBytes, store == null ? 0 : store.sizeBytes(),
                    network == Network.USER ? MAC.bits() : 0, guest.commandLine(),
                    BootFile.read("kernel", guest.kernel()), guest.initrd().map(path -> BootFile.read("initrd", path)));
            if (recordTo != null) {
                files.beginHashes();
            }
            SingleMachine machine = new SingleMachine(files.build(engine.kind()));
            try (RecordingWriter recording = openRecording(files);
                    Passt passt = startNetwork();
                    Uplink uplink = passt == null ? null : plugIn(passt, machine)) {
                return run(machine, Optional.ofNullable(uplink), Optional.ofNullable(store),
                        Optional.ofNullable(recording));
            }
        }
    }

    private void checkUsage() {
        if ((image == null) == (kernel == null)) {
            throw usage("give either --image or --kernel (\"--image default\" boots what \"sosia image build\" made)");
        }
        if (image != null && (initrd != null || disk != null)) {
            throw usage("--image brings its own initrd and disk; name your own files with --kernel, --initrd and "
                    + "--disk");
        }
        if ("default".equals(image) && diskMode == DiskMode.WRITE) {
            throw usage("the default image is always throwaway; copy its disk and name the copy with --kernel, "
                    + "--initrd and --disk");
        }
        if (diskMode != null && image == null && disk == null) {
            throw usage("--disk-mode needs a --disk");
        }
        if (!publish.isEmpty() && network != Network.USER) {
            throw usage("--publish needs --net user");
        }
    }

    private CommandLine.ParameterException usage(String message) {
        return new CommandLine.ParameterException(spec.commandLine(), message);
    }

    private GuestImage openImage() {
        try {
            if (image == null) {
                String words = append != null ? append : "console=ttyS0" + (disk != null ? " root=/dev/vda rw" : "");
                return GuestImage.of(kernel, Optional.ofNullable(initrd), Optional.ofNullable(disk), words);
            }
            GuestImage found =
                    GuestImage.open(image.equals("default") ? GuestImage.defaultDirectory() : Path.of(image));
            found.checkRam(ramBytes);
            return append == null ? found : new GuestImage(found.kernel(), found.initrd(), found.disk(),
                    found.commandLine() + " " + append, found.manifest());
        } catch (IOException | IllegalArgumentException e) {
            throw new CliException(CliException.BAD_INPUT, e.getMessage(), e);
        }
    }

    /// The disk as its mode says; null for none.
    private BlockStore openDisk(Optional<Path> path) {
        if (path.isEmpty()) {
            return null;
        }
        DiskMode mode = diskMode != null ? diskMode : image != null ? DiskMode.THROWAWAY : DiskMode.WRITE;
        try {
            return switch (mode) {
                case WRITE -> RawImage.open(path.get());
                case THROWAWAY -> OverlayImage.over(path.get());
            };
        } catch (IOException e) {
            throw new CliException(CliException.BAD_INPUT, e.getMessage(), e);
        }
    }

    /// The recording with its header written; null for none.
    private RecordingWriter openRecording(MachineFiles files) {
        if (recordTo == null) {
            return null;
        }
        try {
            return new RecordingWriter(
                    new BufferedOutputStream(Files.newOutputStream(recordTo), RECORDING_BUFFER_BYTES), files.header());
        } catch (IOException e) {
            throw new CliException(CliException.BAD_INPUT, "the recording " + recordTo + " cannot be written: " + e
                    + "; name a file in a directory you may write to", e);
        }
    }

    /// The way out, connected; null for none.
    private Passt startNetwork() {
        if (network != Network.USER) {
            return null;
        }
        try {
            Passt passt = Passt.start(publish);
            for (PortForward forward : passt.forwards()) {
                say("guest port " + forward.guestPort() + " is at " + forward.hostAddress() + ":" + forward.hostPort());
            }
            return passt;
        } catch (IOException e) {
            throw new CliException(CliException.FAILED, e.getMessage(), e);
        }
    }

    /// Connects machine and passt. passt sends to the broadcast address, which TCP does not listen to, until it has
    /// seen a frame of the guest; so it is shown one, or a guest that only serves would never be reached.
    private static Uplink plugIn(Passt passt, SingleMachine machine) throws IOException {
        Uplink uplink = StreamUplink.over(passt.channel(), "passt", machine.inboxes().frames());
        uplink.sendTogether(new Announcement(MAC, Optional.of(Passt.GUEST)).frames());
        return uplink;
    }

    private int run(SingleMachine machine, Optional<Uplink> uplink, Optional<BlockStore> store,
            Optional<RecordingWriter> recording) throws IOException {
        CountDownLatch ended = new CountDownLatch(1);
        ConsoleTerminal console = ConsoleTerminal.open(machine.inboxes().console(), machine::stop);
        Thread atSignal = Thread.ofPlatform().name("sosia-machine-stop").unstarted(() -> {
            console.stopWaiting();
            stopAndWait(machine, ended);
        });
        Runtime.getRuntime().addShutdownHook(atSignal);
        try {
            SingleMachine.Report report;
            try (console) {
                report = machine.run(new SingleMachine.Connections(console::write, uplink, store),
                        recording.map(LogSink.class::cast));
            }
            if (recording.isPresent()) {
                recording.get().close();
            }
            tell(report);
            return report.reason() == EndReason.FAILED ? 1 : 0;
        } catch (IOException e) {
            throw new CliException(CliException.FAILED, "the recording " + recordTo + " cannot be written: "
                    + e.getMessage(), e);
        } catch (UncheckedIOException e) {
            throw new CliException(CliException.FAILED,
                    "the recording " + recordTo + " cannot be written: " + e.getCause().getMessage(), e);
        } finally {
            ended.countDown();
            forget(atSignal);
        }
    }

    /// On a signal the machine stops between two slices, so that its disk and its recording are whole.
    private static void stopAndWait(SingleMachine machine, CountDownLatch ended) {
        machine.stop();
        try {
            ended.await(STOP_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // The process is ending, and this hook with it.
        }
    }

    private void tell(SingleMachine.Report report) {
        String how = switch (report.reason()) {
            case POWERED_OFF -> "the guest shut down";
            case RESET -> "the guest restarted (which ends an unprotected machine)";
            case FAILED -> "the guest reported a system failure";
            case STOPPED -> "stopped";
        };
        say(how + " after " + "%,d".formatted(report.steps()) + " steps"
                + (recordTo == null ? "" : "; replay it with: sosia machine replay " + recordTo));
    }

    private void say(String line) {
        PrintWriter err = spec.commandLine().getErr();
        err.println("sosia: " + line);
        err.flush();
    }
}
