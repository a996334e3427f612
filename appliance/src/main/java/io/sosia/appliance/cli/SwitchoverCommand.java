package io.sosia.appliance.cli;

import io.sosia.appliance.node.NodeStatus;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `sosia switchover`.
@Command(
        name = "switchover",
        description = {
            "Makes the backup the primary on purpose, without losing a request: the primary stops at a place in the log, hands over, "
                    + "and comes back as the backup. Ask the primary.",
            "Returns when the pair is PROTECTED again."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExit status:%n",
        footer = "  0 done; 1 not PROTECTED again within two minutes; 2 refused: not the primary, or no backup.")
final class SwitchoverCommand implements Callable<Integer> {

    private static final long ASK_MILLIS = 200;
    private static final long PATIENCE_NANOS = 120_000_000_000L;

    @Mixin
    private NodeOption node;

    @Override
    public Integer call() {
        return node.ask(client -> {
            client.switchOver();
            long begun = System.nanoTime();
            while (System.nanoTime() - begun < PATIENCE_NANOS) {
                TimeUnit.MILLISECONDS.sleep(ASK_MILLIS);
                try {
                    NodeStatus status = client.status();
                    if (status.state().equals("READY")) {
                        System.out.println("node " + status.partner() + " is the primary; node " + status.node()
                                + " is its backup");
                        return 0;
                    }
                } catch (IOException betweenTwoLives) {
                    // Asked again.
                }
            }
            return CliException.FAILED;
        });
    }
}
