package io.sosia.appliance.cli;

import io.sosia.appliance.node.Appliance;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// What SIGTERM and Ctrl-C do to a node's process: the node leaves or hands over first, and the process ends with the
/// status of that.
final class Termination {

    /// A hand-over may take 10 s, the disk's last sync its time.
    private static final int PATIENCE_SECONDS = 60;

    private final Appliance node;
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile int status = CliException.FAILED;

    /// From here on.
    static Termination of(Appliance node) {
        Termination termination = new Termination(node);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("terminate").unstarted(termination::onShutdown));
        return termination;
    }

    private Termination(Appliance node) {
        this.node = node;
    }

    /// The node has ended and is closed; the process may go.
    void done(int exitStatus) {
        status = exitStatus;
        done.countDown();
    }

    private void onShutdown() {
        boolean asked = done.getCount() > 0;
        if (!asked) {
            return;
        }
        node.terminate();
        try {
            if (!done.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("the node has not ended within " + PATIENCE_SECONDS + " s; it is cut off");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        // A signal's own status would say that the node was killed.
        Runtime.getRuntime().halt(status);
    }
}
