package io.sosia.appliance.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.node.VerifyStatus;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `sosia disk verify`.
@Command(
        name = "verify",
        description = {
            "Compares both disks of a PROTECTED pair, byte by byte, while the guest runs: an entry in the log makes both nodes "
                    + "look at a piece of the disk after the same requests, so there are no false alarms.",
            "What differs is repaired from the primary; when an earlier comparison shows that it is the primary's bytes that have "
                    + "changed by themselves, from the backup. Ask the primary. Ctrl-C leaves it running; --cancel ends it."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExit status:%n",
        footer = "  0 the disks are identical; 1 differences were found (repaired unless --no-repair), or it was given up; 2 refused.")
final class DiskVerifyCommand implements Callable<Integer> {

    private static final long ASK_MILLIS = 200;

    @Mixin
    private NodeOption node;

    @Option(names = "--no-repair", description = "Only tells what differs.")
    private boolean noRepair;

    @Option(names = "--cancel", description = "Ends a comparison that is running.")
    private boolean cancel;

    @Option(names = "--json", description = "Prints the result as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        return node.ask(client -> {
            if (cancel) {
                client.cancelVerify();
                return 0;
            }
            client.beginVerify(!noRepair);
            VerifyStatus end = follow(client);
            if (json) {
                System.out.println(new ObjectMapper().writeValueAsString(end));
            } else {
                print(end);
            }
            return end.ended().equals("identical") ? 0 : CliException.FAILED;
        });
    }

    private static VerifyStatus follow(ControlClient client) throws IOException, InterruptedException {
        VerifyStatus now = client.disk().verify();
        boolean live = System.console() != null && System.console().isTerminal();
        if (!live) {
            while (now.running()) {
                TimeUnit.MILLISECONDS.sleep(ASK_MILLIS);
                now = client.disk().verify();
            }
            return now;
        }
        try (ProgressBar bar = new ProgressBarBuilder().setTaskName("verify").setInitialMax(now.bytesTotal())
                .setUnit(" MiB", 1 << 20).setStyle(ProgressBarStyle.ASCII).showSpeed().build()) {
            while (now.running()) {
                bar.stepTo(now.bytesDone());
                bar.setExtraMessage(now.found().isEmpty() ? "" : " " + now.found().size() + " differ");
                TimeUnit.MILLISECONDS.sleep(ASK_MILLIS);
                now = client.disk().verify();
            }
            bar.stepTo(now.bytesDone());
        }
        return now;
    }

    private static void print(VerifyStatus end) {
        System.out.printf("%s: %s of %s compared, %d blocks of 64 KiB not the same%n", end.ended(),
                DiskStatusCommand.mebibytes(end.bytesDone()), DiskStatusCommand.mebibytes(end.bytesTotal()),
                end.found().size());
        for (VerifyStatus.Found found : end.found()) {
            System.out.printf("  at %,d  side: %s  repaired: %s%n", found.offset(), found.side(), found.repaired());
        }
    }
}
