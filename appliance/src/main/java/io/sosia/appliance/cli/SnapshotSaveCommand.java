package io.sosia.appliance.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.control.ControlRefusedException;
import io.sosia.appliance.image.BuildProgress.Meter;
import io.sosia.appliance.node.SnapshotStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `sosia snapshot save`.
@Command(
        name = "save",
        description = {
            "Has a backup write its machine (memory, devices, requests under way) and its disk, all as they are at one place in "
                    + "the log, to the new folder DIR on its host: machine.snapshot, disk.img (raw, sparse) and snapshot.json.",
            "The primary goes on meanwhile. The backup's replay stands still while the machine is written, for some tenths of a "
                    + "second, and catches up: if it fell behind by more than the lag target, the primary is slowed for that time. "
                    + "The disk is copied afterwards, from a view of that moment.",
            "DIR appears when all of it is written and durable. If the command ends before that, or the host has no room, "
                    + "nothing is left behind.",
            "A snapshot holds all the guest had in memory, keys and passwords included: keep it as safe as the guest."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  sosia snapshot save /backups/monday --config configs/node-b.yaml",
            "  sosia snapshot save /backups/monday --control 127.0.0.1:7712 --json",
            "%nExit status: 0 saved; 1 refused or failed (the reason is printed); 2 bad usage."
        })
public final class SnapshotSaveCommand implements Callable<Integer> {

    private static final long ASK_MILLIS = 200;
    private static final long SILENCE_NANOS = 8_000_000_000L;
    private static final int END_SECONDS = 10;

    @Parameters(paramLabel = "DIR", description = "The folder to make; a relative one counts from here.")
    private Path folder;

    @Mixin
    private NodeOption backup;

    @Option(names = "--json", description = "One JSON object at the end, with all there is.")
    private boolean json;

    private final CountDownLatch givenUp = new CountDownLatch(1);
    private final CountDownLatch over = new CountDownLatch(1);

    @Override
    public Integer call() {
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("terminate").unstarted(this::onShutdown));
        try {
            return backup.ask(client -> {
                SnapshotStatus end = follow(client, client.beginSnapshot(folder.toAbsolutePath().normalize().toString()));
                if (!end.phase().equals("done")) {
                    throw new CliException(CliException.FAILED, "no snapshot was saved: " + end.error());
                }
                System.out.println(json ? new ObjectMapper().writeValueAsString(end) : line(end));
                return 0;
            }, NodeOption::badInputOrFailed);
        } finally {
            over.countDown();
        }
    }

    private SnapshotStatus follow(ControlClient client, SnapshotStatus begun) throws IOException, InterruptedException {
        SnapshotStatus now = begun;
        long answeredNanos = System.nanoTime();
        boolean live = System.console() != null && System.console().isTerminal();
        try (Meter meter = new ConsoleProgress("snapshot", System.err, live).meter("machine and disk", begun.totalBytes())) {
            while (!now.over()) {
                if (givenUp.await(ASK_MILLIS, TimeUnit.MILLISECONDS)) {
                    client.endSnapshot(begun.id());
                }
                try {
                    now = client.renewSnapshot(begun.id());
                    answeredNanos = System.nanoTime();
                } catch (ControlRefusedException e) {
                    throw e;
                } catch (IOException e) {
                    if (System.nanoTime() - answeredNanos > SILENCE_NANOS) {
                        throw new CliException(CliException.FAILED, "the node does not answer any more; unless " + begun.folder()
                                + " exists, no snapshot was saved", e);
                    }
                }
                meter.at(now.doneBytes());
            }
        }
        return now;
    }

    private static String line(SnapshotStatus end) {
        return String.format(Locale.ROOT, "saved %s: log position %s, step %,d; the backup's replay stood still for %.0f ms",
                end.folder(), end.position(), end.step(), end.pauseMillis());
    }

    /// Ctrl-C: nothing half done is left behind.
    private void onShutdown() {
        givenUp.countDown();
        try {
            over.await(END_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
