package io.sosia.appliance.node;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairRecord;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a node writes down before it goes on: the epoch before it claims it or becomes a backup in it, an operator's order before it follows it.
/// It is written on a thread of its own, one thing at a time: the event loop waits for no disk.
///
/// Its methods are called on the event loop, and so is what they are given. What cannot be begun because something else is being written is
/// refused without a word: claims are repeated, records read again.
final class Notebook implements AutoCloseable {

    /// Where it is written. [#knows] does not wait for the disk; the others return when it is durable.
    interface Pages {
        boolean knows(long epoch, EpochFile.Role role);

        void take(long epoch, EpochFile.Role role) throws IOException;

        /// Keeps the order that has written this record.
        void note(PairRecord order) throws IOException;
    }

    private interface Writing {
        void write() throws IOException;
    }

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(Notebook.class);
    private static final int CLOSE_SECONDS_MAX = 5;

    private final Pages pages;
    private final Consumer<Runnable> onLoop;
    private final ExecutorService writer = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("notebook").factory());
    private boolean writing;
    private String failureTold = "";
    private Optional<Nonce> noted = Optional.empty();

    /// @param onLoop runs on the event loop what it is given
    Notebook(Pages pages, Consumer<Runnable> onLoop) {
        this.pages = pages;
        this.onLoop = onLoop;
    }

    /// Before a claim is sent: with a grant the node may be live at once, and one that could not go on then must not take the claim from its
    /// partner. When it cannot be written nobody is told but the operator: the claim is one without an answer.
    void claims(ClaimCommand claim, Runnable then) {
        epoch(epochOf(claim), EpochFile.Role.PRIMARY, then, failure -> {
            if (!failure.toString().equals(failureTold)) {
                failureTold = failure.toString();
                DIAGNOSTICS.warn("this node claims nothing, since the epoch cannot be written down; tried again: {}", failureTold);
            }
        });
    }

    /// Before anything that the primary of this epoch says is followed, and acknowledged.
    ///
    /// @return whether one of the two will be, or has been, called
    boolean follows(long epoch, Runnable then, Consumer<IOException> failed) {
        return epoch(epoch, EpochFile.Role.BACKUP, then, failed);
    }

    /// Before a record is followed that an operator's order has written. Any other needs nothing.
    void ordered(PairRecord record, Runnable then, Consumer<IOException> failed) {
        if (record.lastChange().operatorWord().isEmpty() || noted.equals(Optional.of(record.nonce()))) {
            then.run();
        } else {
            write(() -> pages.note(record), () -> {
                noted = Optional.of(record.nonce());
                then.run();
            }, failed);
        }
    }

    private boolean epoch(long epoch, EpochFile.Role role, Runnable then, Consumer<IOException> failed) {
        if (pages.knows(epoch, role)) {
            then.run();
            return true;
        }
        return write(() -> pages.take(epoch, role), then, failed);
    }

    private boolean write(Writing what, Runnable then, Consumer<IOException> failed) {
        if (writing || writer.isShutdown()) {
            return false;
        }
        writing = true;
        writer.execute(() -> {
            Optional<IOException> failure = tried(what);
            onLoop.accept(() -> {
                writing = false;
                failure.ifPresentOrElse(failed, then);
            });
        });
        return true;
    }

    private static Optional<IOException> tried(Writing what) {
        try {
            what.write();
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(e);
        }
    }

    /// The epoch in which the claimant is the owner when the claim is granted.
    private static long epochOf(ClaimCommand claim) {
        return switch (claim) {
            case ClaimCommand.ColdBoot c -> c.expected().epoch() + 1;
            case ClaimCommand.ClaimSolo c -> c.expected().epoch() + 1;
            case ClaimCommand.Start c -> c.expectedEpoch() + 1;
            case ClaimCommand.Protect c -> c.expectedEpoch();
            case ClaimCommand.Stop c -> c.expected().epoch();
            case ClaimCommand.Initialise _, ClaimCommand.Reinitialise _, ClaimCommand.Override _ ->
                    throw new IllegalArgumentException("no node claims so: " + claim);
        };
    }

    /// Writes nothing more; what is being written is waited for, for a while. Any thread.
    @Override
    public void close() {
        writer.shutdown();
        try {
            writer.awaitTermination(CLOSE_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
    }
}
