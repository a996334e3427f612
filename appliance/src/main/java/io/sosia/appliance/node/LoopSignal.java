package io.sosia.appliance.node;

import java.util.concurrent.locks.LockSupport;

/// Wakes one thread. A signal raised while that thread is busy is kept until it waits.
///
/// Threads: any raises, one waits.
public final class LoopSignal {
    private volatile boolean raised;
    private volatile Thread waiter;

    /// Wakes the waiting thread, or spares it its next wait. Never blocks.
    public void raise() {
        raised = true;
        LockSupport.unpark(waiter);
    }

    /// Whether a signal is pending; it stays so.
    boolean isRaised() {
        return raised;
    }

    /// Forgets a pending signal: to be called before looking at what signals announce.
    void clear() {
        raised = false;
    }

    /// Returns when a signal is pending, after `nanos`, or early for no reason.
    void await(long nanos) {
        waiter = Thread.currentThread();
        if (!raised) {
            LockSupport.parkNanos(this, nanos);
        }
    }
}
