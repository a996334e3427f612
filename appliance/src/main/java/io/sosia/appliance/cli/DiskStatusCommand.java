package io.sosia.appliance.cli;

import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.node.DiskReport;
import io.sosia.appliance.node.VerifyStatus;
import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `sosia disk status`.
@Command(
        name = "status",
        description = "Says what a node's disk is worth, how it stands to its partner's, and how far a resync or a comparison is.",
        mixinStandardHelpOptions = true)
final class DiskStatusCommand implements Callable<Integer> {

    @Mixin
    private NodeOption node;

    @Option(names = "--json", description = "Prints the node's answer as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        return node.show(json, ControlClient::diskJson, client -> print(client.disk(), System.out));
    }

    private static void print(DiskReport disk, PrintStream out) {
        out.printf("disk      of node %s, %s; the node is %s%n", disk.node(), mebibytes(disk.sizeBytes()), disk.pairState());
        out.printf("content   %s, generation %s, durable up to log entry %s%n", disk.state(), disk.generation(), disk.applied());
        out.printf("partner   %s; %s may differ there%n", disk.partner(), mebibytes(disk.changedBytes()));
        if (disk.resync() != null) {
            out.printf("resync    %s: %s%n", disk.resync().phase(), DiskResyncCommand.line(disk.resync()));
        }
        VerifyStatus verify = disk.verify();
        if (verify.number() > 0) {
            out.printf("verify    %s, %s: %s of %s, %d blocks differed, %d repaired%n", verify.purpose(), verify.state(),
                    mebibytes(verify.bytesDone()), mebibytes(verify.bytesTotal()), verify.found(), verify.repaired());
        }
    }

    static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, bytes < 10 << 20 ? "%.1f MiB" : "%,.0f MiB", bytes / 1048576.0);
    }
}
