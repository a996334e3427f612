package io.sosia.appliance.cli;

import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.node.CloneProgress;
import io.sosia.appliance.node.DiskReport;
import io.sosia.appliance.node.NodeStatus;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `sosia disk resync`.
@Command(
        name = "resync",
        description = {
            "Has the primary make its partner a backup again: disk, memory and log, while the guest runs. Nobody needs it after "
                    + "a failure, since a partner that returns is taken in by itself; it is for operators who doubt a disk.",
            "Meanwhile the primary is SOLO. Ask the primary: a resync onto the live disk is refused. Ctrl-C leaves it running."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExit status:%n",
        footer = "  0 PROTECTED again (or, with --dry-run, told); 1 not so within the hour; 2 refused.")
final class DiskResyncCommand implements Callable<Integer> {

    private static final long ASK_MILLIS = 300;
    private static final long PATIENCE_NANOS = 3_600_000_000_000L;
    /// A pair that is PROTECTED may take a moment to let go.
    private static final long LET_GO_NANOS = 5_000_000_000L;

    @Mixin
    private NodeOption node;

    @Option(names = "--full", description = "Sends every block, whatever both disks remember.")
    private boolean full;

    @Option(names = "--dry-run", description = "Only tells what would be sent now, and why.")
    private boolean dryRun;

    @Override
    public Integer call() {
        return node.ask(client -> {
            if (dryRun) {
                tell(client.disk());
                return 0;
            }
            client.resync(full);
            return follow(client);
        });
    }

    private void tell(DiskReport disk) {
        if (full) {
            System.out.printf("full: every block that is not a hole, of a disk of %s%n",
                    DiskStatusCommand.mebibytes(disk.sizeBytes()));
        } else {
            System.out.printf("incremental: %s may differ on the partner's disk (%s), and what the partner says may differ on its "
                    + "own%n", DiskStatusCommand.mebibytes(disk.changedBytes()), disk.partner());
        }
    }

    private static int follow(ControlClient client) throws IOException, InterruptedException {
        long begun = System.nanoTime();
        boolean left = false;
        String said = "";
        while (System.nanoTime() - begun < PATIENCE_NANOS) {
            NodeStatus status = client.status();
            left |= !status.state().equals("PROTECTED") || System.nanoTime() - begun > LET_GO_NANOS;
            if (left && status.state().equals("PROTECTED")) {
                System.out.printf(Locale.ROOT, "PROTECTED again; the machine stood still for %.0f ms%n",
                        status.clonePauseMillis());
                return 0;
            }
            String line = status.cloning() == null ? status.state() : status.cloning().phase() + ": " + line(status.cloning());
            if (!line.equals(said)) {
                said = line;
                System.out.println(line);
            }
            TimeUnit.MILLISECONDS.sleep(ASK_MILLIS);
        }
        return CliException.FAILED;
    }

    /// How far a disk on its way is.
    static String line(CloneProgress at) {
        long rate = at.bytesPerSecond();
        String left = at.diskBytesLeft() == 0 || rate == 0 ? ""
                : String.format(Locale.ROOT, ", %,d s left", (at.diskBytesLeft() + rate - 1) / rate);
        return String.format(Locale.ROOT, "%s; %s done, %s left, %s/s%s", at.disk(),
                DiskStatusCommand.mebibytes(at.diskBytesDone()), DiskStatusCommand.mebibytes(at.diskBytesLeft()),
                DiskStatusCommand.mebibytes(rate), left);
    }
}
