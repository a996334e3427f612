package io.sosia.appliance.cli;

import io.sosia.appliance.demo.Demo;
import io.sosia.appliance.demo.DemoException;
import io.sosia.appliance.demo.DemoReport;
import io.sosia.appliance.demo.Narrator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `sosia demo`: the product's main job, on this machine.
@Command(
        name = "demo",
        description = {
            "Starts a witness, a network and both nodes of a pair on this machine and boots Debian on the pair. A "
                    + "client counts in the guest's Redis over one TCP connection; the primary is killed; the connection "
                    + "goes on. The killed node returns and is made a backup again while the guest runs; then the new "
                    + "primary is killed. At the end both disks are compared.",
            "The first time it also builds the guest image (about 130 MB of Debian packages).",
            "Both nodes share this machine: with fewer than four processors, --engine is by default the interpreter here."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footerHeading = "%nExit status:%n",
        footer = {
            "  0 nothing acknowledged was lost or repeated, the disks are equal; 1 not so, or a part failed (its log is kept and",
            "  named); 2 bad usage. Ctrl-C leaves no process and no file behind."
        })
public final class DemoCommand implements Callable<Integer> {

    private static final int INCREMENTS = 1_000;
    private static final int INCREMENTS_WITH_DROPS = 200;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(names = "--increments", paramLabel = "N",
            description = "Counts so far, at least, before the first kill, and again after each (default: " + INCREMENTS + "; "
                    + INCREMENTS_WITH_DROPS + " with --drop, since every lost frame costs time).")
    private Integer increments;

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "2",
            description = "Kills of the primary; after each the killed node is started again and taken in by the survivor "
                    + "(default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--writes",
            description = "Has the guest also commit to an SQLite database again and again, each commit acknowledged on its "
                    + "console, and write files without a pause.")
    private boolean writes;

    @Option(names = "--json", paramLabel = "FILE", description = "Writes the report there too, as one JSON object.")
    private Path json;

    @Option(names = "--keep", description = "Leaves the pair running after the report and says how to reach it; the disks are not "
                    + "compared then.")
    private boolean keep;

    @Option(names = "--by-hand", description = "Boots the pair and leaves it to you: no client, no kill, no report.")
    private boolean byHand;

    @Option(names = "--ram", paramLabel = "SIZE", defaultValue = "256M",
            description = "RAM of the guest (default: ${DEFAULT-VALUE}).")
    private String ram;

    @Option(names = "--backup-reads", paramLabel = "local|logged", defaultValue = "local",
            description = "Where the backup takes data of disk reads from: its own disk, or the log "
                    + "(default: ${DEFAULT-VALUE}).")
    private String backupReads;

    @Option(names = "--drop", paramLabel = "PERCENT", defaultValue = "0",
            converter = NetworkCommand.PercentConverter.class,
            description = "Loses this share of the guest's frames, to see that nothing depends on them.")
    private double dropPercent;

    @Mixin
    private EngineOption engine;

    @Option(names = "--dir", paramLabel = "DIR",
            description = "Keeps everything in this new folder, also afterwards (default: a temporary folder).")
    private Path directory;

    @Option(names = {"-v", "--verbose"}, description = "Shows the guest's console.")
    private boolean verbose;

    @Override
    public Integer call() throws IOException {
        boolean terminal = System.console() != null && System.console().isTerminal();
        Narrator narrator = new Narrator(System.out, terminal, verbose);
        try {
            Demo demo = new Demo(settings(), narrator);
            Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> {
                narrator.mute();
                abandon(demo);
            }));
            try (demo) {
                return run(demo, narrator, terminal);
            }
        } catch (DemoException e) {
            write(DemoReport.failureJson(e.getMessage()));
            throw new CliException(CliException.FAILED, e.getMessage(), e);
        }
    }

    private Demo.Settings settings() {
        if (json != null && !Files.isDirectory(json.toAbsolutePath().getParent())) {
            throw new CommandLine.ParameterException(spec.commandLine(),
                    "--json " + json + ": there is no folder " + json.toAbsolutePath().getParent());
        }
        int count = increments != null ? increments : dropPercent > 0 ? INCREMENTS_WITH_DROPS : INCREMENTS;
        try {
            return new Demo.Settings(count, rounds, ram, backupReads, dropPercent, engine.named().orElseGet(Demo::defaultEngine), writes,
                    Optional.ofNullable(directory));
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private int run(Demo demo, Narrator narrator, boolean terminal) throws DemoException, IOException {
        try {
            double bootSeconds = demo.start(new ConsoleProgress(System.out, terminal));
            boolean passed = true;
            if (!byHand) {
                DemoReport report = demo.prove(bootSeconds, keep);
                narrator.print(report.toText());
                write(report.toJson());
                passed = report.passed();
            }
            if (keep || byHand) {
                narrator.print(demo.directions() + String.format("%nCtrl-C ends all of it.%n"));
                demo.stay();
            }
            if (!passed) {
                narrator.print(String.format("%nEvery process's diagnostics are in %s%n", demo.logs()));
            }
            return passed ? 0 : CliException.FAILED;
        } catch (DemoException e) {
            if (narrator.isMuted()) {
                return CliException.FAILED;
            }
            if (!demo.keepsFolder()) {
                throw e;
            }
            throw new DemoException(e.getMessage() + System.lineSeparator() + "  every process's diagnostics are in "
                    + demo.logs(), e);
        }
    }

    private void write(String report) throws IOException {
        if (json != null) {
            Files.writeString(json, report);
        }
    }

    private static void abandon(Demo demo) {
        try {
            demo.abandon();
        } catch (DemoException e) {
            System.err.println("sosia demo: " + e.getMessage());
        }
    }
}
