package io.sosia.appliance.node;

import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/// Notices a machine whose thread makes no turns any more: wedged, not dead, so that its node would still look alive.
///
/// Counts its own checks rather than the clock: when the whole process stood still, the machine's thread gets its time too.
final class Watchdog implements AutoCloseable {

    static final int PATIENCE_SECONDS = 5;
    private static final int CHECKS_A_SECOND = 2;

    private final Supplier<Optional<Long>> lastTurn;
    private final Runnable wedged;
    private final Thread thread;
    private volatile boolean closed;

    /// @param lastTurn when the watched thread last made a turn, empty while there is none to watch
    Watchdog(Supplier<Optional<Long>> lastTurn, Runnable wedged) {
        this.lastTurn = lastTurn;
        this.wedged = wedged;
        this.thread = Thread.ofPlatform().daemon().name("watchdog").start(this::watch);
    }

    private void watch() {
        Optional<Long> seen = Optional.empty();
        int standing = 0;
        while (!closed) {
            LockSupport.parkNanos(1_000_000_000L / CHECKS_A_SECOND);
            Optional<Long> now = lastTurn.get();
            standing = now.isPresent() && now.equals(seen) ? standing + 1 : 0;
            seen = now;
            if (standing > PATIENCE_SECONDS * CHECKS_A_SECOND) {
                wedged.run();
                return;
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
