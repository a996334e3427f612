package io.sosia.appliance.node;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.pair.Outcome;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A node through all its lives: one that has lost its claim, its primary or its run begins a new one, without memory of the run,
/// and is taken in again by its partner.
///
/// One thread calls [#run]; any may ask.
public final class Appliance implements AutoCloseable {

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger("io.sosia.pair");
    private static final long PAUSE_MILLIS_MIN = 100;
    private static final long PAUSE_MILLIS_MAX = 30_000;
    /// A life as long as this did not end by what ended the one before.
    private static final long LONG_LIFE_NANOS = 60_000_000_000L;

    private final CountDownLatch terminated = new CountDownLatch(1);
    private volatile Node node;
    private volatile boolean begun;

    private Appliance(Node node) {
        this.node = node;
    }

    /// Opens the node's first life; see [Node#open].
    ///
    /// @throws ConfigException when the configuration names something unusable
    /// @throws IOException when the state folder, the disk or an address cannot be used
    public static Appliance open(NodeConfig config) throws ConfigException, IOException {
        return new Appliance(Node.open(config));
    }

    /// The present life, or the last one.
    public Node node() {
        return node;
    }

    /// Lives until the end. Once.
    ///
    /// @return how the last life ended
    /// @throws IOException when a life cannot begin, or its disk cannot be closed in order
    public Ending run() throws IOException {
        long pauseMillis = PAUSE_MILLIS_MIN;
        while (true) {
            long born = System.nanoTime();
            node.begin();
            begun = true;
            if (terminated.getCount() == 0) {
                node.terminate();
            }
            Ending end = node.ending().join();
            begun = false;
            node.close();
            if (end.outcome() != Outcome.REJOIN) {
                return end;
            }
            boolean longLife = System.nanoTime() - born > LONG_LIFE_NANOS;
            pauseMillis = longLife ? PAUSE_MILLIS_MIN : Math.min(PAUSE_MILLIS_MAX, pauseMillis * 2);
            DIAGNOSTICS.info("{} begins a new life in {} ms, after: {}", node.status().node(), pauseMillis, end.reason());
            if (pause(pauseMillis)) {
                return end;
            }
            try {
                node = node.again();
            } catch (ConfigException e) {
                throw new IOException(e.getMessage(), e);
            }
        }
    }

    /// @return whether the appliance was asked to end meanwhile
    private boolean pause(long millis) {
        try {
            return terminated.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /// Asks for the end: a backup leaves, a primary hands over.
    public void terminate() {
        terminated.countDown();
        if (begun) {
            node.terminate();
        }
    }

    /// What no thread has caught; see [Node#uncaught].
    public void uncaught(Thread thread, Throwable cause) {
        node.uncaught(thread, cause);
    }

    /// Closes the present life. May be called twice.
    ///
    /// @throws IOException when the disk cannot be closed in order
    @Override
    public void close() throws IOException {
        node.close();
    }
}
