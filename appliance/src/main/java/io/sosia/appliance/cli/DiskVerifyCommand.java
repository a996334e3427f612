package io.sosia.appliance.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.node.ByteSize;
import io.sosia.appliance.node.DiskVerify;
import io.sosia.appliance.node.VerifyStatus;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
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
            "Compares both disks of a PROTECTED pair, block by block, while the guest runs: an entry in the log makes both nodes "
                    + "hash a piece of the disk after the same requests, so there are no false alarms. Ask the primary.",
            "Both nodes remember what both disks held when they were last compared, until it is written, so it is known whose bytes "
                    + "have changed by themselves: they are replaced by the other's. If that is not known the primary is believed; if "
                    + "neither holds what both held (side \"both\"), nobody has the right bytes. Then it is compared again.",
            "The node does it: it goes on when this command is ended, also by Ctrl-C. Half of the disk's time is left to the guest, "
                    + "whatever the rate. A comparison that the node makes by itself gives way and goes on afterwards."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  sosia disk verify --config configs/node-a.yaml",
            "  sosia disk verify --config configs/node-a.yaml --no-repair --rate 20M --json",
            "  sosia disk verify --config configs/node-a.yaml --extent 3",
            "  sosia disk verify --config configs/node-a.yaml --cancel",
            "%nExit status: 0 the disks are identical; 1 differences were found, repaired or not; 2 refused, or bad usage; "
                    + "3 it did not come to its end: cancelled, the pair no longer PROTECTED, no answer."
        })
final class DiskVerifyCommand implements Callable<Integer> {

    private static final long ASK_MILLIS = 200;
    private static final int IDENTICAL = 0;
    private static final int DIFFERENT = 1;
    private static final int UNFINISHED = 3;

    @Mixin
    private NodeOption node;

    @Option(names = "--extent", paramLabel = "NUMBER", description = "Compares this extent of 4 MiB only, numbered from 0.")
    private Optional<Long> extent = Optional.empty();

    @Option(names = "--no-repair", description = "Only tells what differs.")
    private boolean noRepair;

    @Option(names = "--rate", paramLabel = "SIZE", description = "Compares so much in a second at most, such as 20M.")
    private Optional<String> rate = Optional.empty();

    @Option(names = "--follow", description = "Begins nothing: follows the comparison that goes on, or shows the last one.")
    private boolean follow;

    @Option(names = "--cancel", description = "Ends the comparison that goes on.")
    private boolean cancel;

    @Option(names = "--json", description = "Prints the result as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        DiskVerify.Request request = new DiskVerify.Request(extent, !noRepair, rate.map(DiskVerifyCommand::bytes));
        return node.ask(client -> {
            if (cancel) {
                client.cancelVerify();
                return IDENTICAL;
            }
            if (!follow) {
                client.beginVerify(request);
            }
            VerifyStatus end = awaitEnd(client);
            if (end.number() == 0) {
                throw new CliException(CliException.BAD_INPUT, "nothing has been compared since the node began");
            }
            if (json) {
                System.out.println(new ObjectMapper().writeValueAsString(end));
            } else {
                print(end, System.out);
            }
            return !end.state().equals("done") ? UNFINISHED : end.found() == 0 ? IDENTICAL : DIFFERENT;
        });
    }

    private static long bytes(String size) {
        try {
            return ByteSize.parse(size);
        } catch (IllegalArgumentException e) {
            throw new CliException(CliException.BAD_INPUT, "--rate " + e.getMessage(), e);
        }
    }

    private static VerifyStatus awaitEnd(ControlClient client) throws InterruptedException {
        try {
            VerifyStatus first = client.disk().verify();
            boolean live = System.console() != null && System.console().isTerminal();
            if (!live) {
                return poll(client, first, _ -> { });
            }
            try (ProgressBar bar = new ProgressBarBuilder().setTaskName("verify").setInitialMax(first.bytesTotal())
                    .setUnit(" MiB", 1 << 20).setStyle(ProgressBarStyle.ASCII).showSpeed().build()) {
                return poll(client, first, now -> {
                    bar.setExtraMessage(now.found() == 0 ? "" : " " + now.found() + " differ, " + now.repaired() + " repaired");
                    bar.stepTo(now.bytesDone());
                });
            }
        } catch (IOException e) {
            throw new CliException(UNFINISHED, "the node does not answer any more: " + e.getMessage()
                    + "; the history of its disk tells what was found (`sosia disk history`)", e);
        }
    }

    private static VerifyStatus poll(ControlClient client, VerifyStatus first, Consumer<VerifyStatus> shown)
            throws IOException, InterruptedException {
        VerifyStatus now = first;
        while (now.running() && now.number() == first.number()) {
            shown.accept(now);
            TimeUnit.MILLISECONDS.sleep(ASK_MILLIS);
            now = client.disk().verify();
        }
        if (now.number() != first.number()) {
            throw new IOException("another comparison has begun, or the node another life");
        }
        shown.accept(now);
        return now;
    }

    private static void print(VerifyStatus end, PrintStream out) {
        out.printf(Locale.ROOT, "%s%s: %s of %s compared at %s/s; %s%n", end.state(),
                end.reason().isEmpty() ? "" : " (" + end.reason() + ")", DiskStatusCommand.mebibytes(end.bytesDone()),
                DiskStatusCommand.mebibytes(end.bytesTotal()), DiskStatusCommand.mebibytes(end.bytesPerSecond()),
                end.found() == 0 ? "no difference" : end.found() + " blocks differed, " + end.repaired() + " repaired");
        if (!end.findings().isEmpty()) {
            out.printf("%8s  %16s  %6s  %-8s  %-16s  %s%n", "EXTENT", "OFFSET", "BYTES", "SIDE", "LOG POSITION", "OUTCOME");
        }
        for (VerifyStatus.Difference each : end.findings()) {
            out.printf("%8d  %16d  %6d  %-8s  %-16s  %s%s%n", each.extent(), each.offset(), each.length(), each.side(), each.at(),
                    each.outcome(), each.reason().isEmpty() ? "" : ": " + each.reason());
        }
        if (end.found() > end.findings().size()) {
            out.printf("and %d more%n", end.found() - end.findings().size());
        }
    }
}
