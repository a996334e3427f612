package io.sosia.appliance.bench;

import io.sosia.appliance.engine.EngineKind;
import io.sosia.appliance.image.GuestImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/// A way of running the Debian guest, as a process with the guest's console on its standard input and output: our machine with an
/// engine, or QEMU, on the same kernel, initial RAM disk, command line and disk, whose writes are forgotten.
///
/// @param name  in results
/// @param ours  whether it is this product
/// @param saves whether it records the run, for a replay
public record GuestPeer(String name, boolean ours, boolean saves) {

    /// Plain QEMU.
    public static final String PLAIN = Qemu.PLAIN.name();
    /// QEMU counting instructions.
    public static final String ICOUNT = Qemu.ICOUNT.name();
    /// QEMU recording the run: what is open and does the same.
    public static final String RECORD = "qemu-record";

    /// In the order they take turns.
    public static final List<GuestPeer> ALL = List.of(
            new GuestPeer(EngineKind.INTERPRETER.word(), true, false),
            new GuestPeer(EngineKind.TRANSLATOR.word(), true, false),
            new GuestPeer(EngineKind.TRANSLATOR.word() + "-record", true, true),
            new GuestPeer(PLAIN, false, false),
            new GuestPeer(ICOUNT, false, false),
            new GuestPeer(RECORD, false, true));

    private static final int RAM_MIB = 256;

    /// Those with these names, or all that can run here when none is named.
    ///
    /// @throws IllegalArgumentException naming one that does not exist
    public static List<GuestPeer> named(List<String> names) {
        for (String name : names) {
            if (ALL.stream().noneMatch(peer -> peer.name().equals(name))) {
                throw new IllegalArgumentException("no peer is called `" + name + "`; there are: "
                        + String.join(", ", ALL.stream().map(GuestPeer::name).toList()));
            }
        }
        boolean qemu = names.isEmpty() && Qemu.installed();
        return ALL.stream().filter(peer -> names.isEmpty() ? peer.ours() || qemu : names.contains(peer.name())).toList();
    }

    /// The default guest image.
    ///
    /// @throws BenchException when it has not been built
    static GuestImage image() throws BenchException {
        try {
            return GuestImage.open(GuestImage.defaultDirectory());
        } catch (IOException | IllegalArgumentException e) {
            throw new BenchException("the guest image is not there; run `sosia image build` (" + e.getMessage() + ")", e);
        }
    }

    /// What starts it.
    ///
    /// @param folder    where a recording goes
    /// @param redisPort port of the host's loopback where the guest's Redis is to answer; 0 for none
    List<String> command(GuestImage image, Path folder, int redisPort) {
        return ours ? sosia(image, folder, redisPort) : qemu(image, folder, redisPort);
    }

    private List<String> sosia(GuestImage image, Path folder, int redisPort) {
        List<String> command = new ArrayList<>(launcher());
        Collections.addAll(command, "machine", "run", "--image", image.kernel().toAbsolutePath().getParent().toString(),
                "--ram", RAM_MIB + "M", "--engine", saves ? name.substring(0, name.indexOf('-')) : name);
        if (installed("passt")) {
            Collections.addAll(command, "--net", "user");
            if (redisPort != 0) {
                Collections.addAll(command, "--publish", redisPort + ":6379");
            }
        }
        if (saves) {
            Collections.addAll(command, "--record", folder.resolve(name + ".log").toString());
        }
        return command;
    }

    /// The launcher, as an operator starts it; without one, this process's own Java.
    private static List<String> launcher() {
        Path script = Path.of(System.getProperty("sosia.home", "")).resolve("sosia").toAbsolutePath();
        if (Files.isExecutable(script)) {
            return List.of(script.toString());
        }
        return List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-cp",
                System.getProperty("java.class.path"), "io.sosia.appliance.cli.Sosia");
    }

    /// QEMU documentation, system/replay: a recording needs `blkreplay` before the disk and a filter at the network.
    private List<String> qemu(GuestImage image, Path folder, int redisPort) {
        List<String> command = new ArrayList<>(List.of(Qemu.PROGRAM, "-M", "virt", "-m", Integer.toString(RAM_MIB), "-display", "none",
                "-monitor", "none", "-serial", "stdio", "-kernel", image.kernel().toString(), "-append", image.commandLine()));
        image.initrd().ifPresent(initrd -> Collections.addAll(command, "-initrd", initrd.toString()));
        Collections.addAll(command, "-netdev", "user,id=net" + (redisPort == 0 ? "" : ",hostfwd=tcp:127.0.0.1:" + redisPort + "-:6379"),
                "-device", "virtio-net-device,netdev=net");
        image.disk().ifPresent(disk -> {
            Collections.addAll(command, "-drive", "file=" + disk + ",if=none,format=raw,snapshot=on,id=direct");
            if (saves) {
                Collections.addAll(command, "-drive", "driver=blkreplay,if=none,image=direct,id=replayed");
            }
            Collections.addAll(command, "-device", "virtio-blk-device,drive=" + (saves ? "replayed" : "direct"));
        });
        if (saves) {
            Collections.addAll(command, "-icount", "shift=0,rr=record,rrfile=" + folder.resolve("qemu.rr"),
                    "-object", "filter-replay,id=replay,netdev=net");
        } else if (name.equals(ICOUNT)) {
            command.addAll(Qemu.ICOUNT.options());
        }
        return command;
    }

    /// Whether the host has a program.
    static boolean installed(String program) {
        return Arrays.stream(System.getenv("PATH").split(":")).anyMatch(dir -> Files.isExecutable(Path.of(dir, program)));
    }
}
