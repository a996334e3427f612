package io.sosia.appliance.node;

import io.sosia.appliance.pair.PeerMessage.Invitation;
import java.io.IOException;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One try to take the partner in, on the event loop of the node that runs: the disk first, then the memory, then, when little of
/// both is left, the cut.
///
/// The order is the one that wastes least: memory changes faster than disk, so it is copied last; the cut is tried when both
/// are near. When it is put off, because one of them has moved away again, no memory is sent before the disk is near once more. A
/// machine that changes either faster than it is sent is slowed gently.
final class CloneSource {

    /// Told on the event loop.
    interface Owner {
        void invite(Invitation invitation);

        void failed(String reason);
    }

    private enum Phase {
        DISK("disk"), MEMORY("memory"), PAUSE("memory"), HOLD("cut"), CUT("cut"), CATCHING_UP("catching up"), OVER("over");

        private final String word;

        Phase(String word) {
            this.word = word;
        }
    }

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(CloneSource.class);
    /// A cut that fails is tried again after a while that grows, with more patience each time.
    private static final int TRIES_MAX = 24;
    private static final long STILL_NANOS = 50_000_000;
    private static final long STILL_NANOS_MAX = 400_000_000;
    private static final int REST_GROWS_MAX = 4;
    private static final long PAUSE_NANOS = 50_000_000;
    private static final long PAUSE_NANOS_MAX = 5_000_000_000L;

    private final long session;
    private final DiskOffer offer;
    private final CloneFeed feed;
    private final Owner owner;
    private final Executor loop;
    private volatile DiskOffer.Sending disk;
    private volatile Phase phase = Phase.DISK;
    private boolean memoryBegun;
    private boolean memoryNear;
    private int tries;
    private long pauseUntilNanos;

    /// @param session unlike that of every other try of this node
    /// @param loop    runs on the event loop what other threads tell
    CloneSource(long session, DiskOffer offer, CloneFeed feed, Owner owner, Executor loop) {
        this.session = session;
        this.offer = offer;
        this.feed = feed;
        this.owner = owner;
        this.loop = loop;
    }

    long session() {
        return session;
    }

    void begin() {
        try {
            disk = offer.send(new DiskOffer.Listener() {
                @Override
                public void near() {
                    loop.execute(CloneSource.this::diskIsNear);
                }

                @Override
                public void held() {
                    loop.execute(CloneSource.this::diskIsHeld);
                }

                @Override
                public void failed(String reason) {
                    loop.execute(() -> fail(reason));
                }
            });
        } catch (IOException e) {
            fail(e.getMessage());
            return;
        }
        owner.invite(disk.invitation());
    }

    /// After the cut the disk has nothing more to be sent, and the partner hangs up.
    private void fail(String reason) {
        if (phase != Phase.OVER && phase != Phase.CATCHING_UP) {
            owner.failed(reason);
        }
    }

    private void diskIsNear() {
        if (phase == Phase.DISK) {
            phase = Phase.MEMORY;
            if (memoryBegun) {
                feed.goOn(session);
            } else {
                memoryBegun = true;
                feed.begin(session);
            }
            holdIfNear();
        }
    }

    /// The machine says that little of its memory is left.
    void memoryIsNear() {
        memoryNear = true;
        holdIfNear();
    }

    private void holdIfNear() {
        if (phase == Phase.MEMORY && memoryNear) {
            phase = Phase.HOLD;
            disk.hold();
        }
    }

    private void diskIsHeld() {
        if (phase == Phase.HOLD) {
            phase = Phase.CUT;
            tries++;
            feed.cut(session, disk.rest(Math.min(tries, REST_GROWS_MAX)), Math.min(tries * STILL_NANOS, STILL_NANOS_MAX));
        }
    }

    /// The machine could not be cut.
    void postponed(String reason) {
        if (phase == Phase.CUT) {
            DIAGNOSTICS.debug("clone: the cut is put off: {}", reason);
            memoryNear = false;
            if (tries >= TRIES_MAX) {
                fail("the machine could not be cut in " + tries + " tries: " + reason);
                return;
            }
            phase = Phase.PAUSE;
            disk.release();
            pauseUntilNanos = System.nanoTime() + Math.min(PAUSE_NANOS << Math.min(tries, 10), PAUSE_NANOS_MAX);
        }
    }

    /// Time passes.
    void tick(long now) {
        if (phase.compareTo(Phase.CUT) < 0) {
            feed.paceOfDisk(disk.pace());
        }
        if (phase == Phase.PAUSE && now - pauseUntilNanos >= 0) {
            phase = Phase.DISK;
            // Asks to be told again whether the disk is near.
            disk.release();
        }
    }

    /// The machine has been cut and runs on.
    void cutDone(long pauseNanos) {
        DIAGNOSTICS.info("clone: cut after a pause of {} ms", pauseNanos / 1_000_000);
        phase = Phase.CATCHING_UP;
    }

    /// The partner is a backup now.
    void done() {
        phase = Phase.OVER;
        disk.done();
    }

    /// The partner is not taken in.
    void abandon(String reason) {
        phase = Phase.OVER;
        feed.abandon();
        if (disk != null) {
            disk.abandon(reason);
        }
    }

    /// Any thread.
    CloneProgress progress() {
        DiskOffer.Sending sending = disk;
        return sending == null ? new CloneProgress(phase.word, "", 0, 0, 0) : sending.progress(phase.word);
    }
}
