package io.sosia.appliance.attach;

/// Waits for a thread of ours that has been told to end.
final class ThreadEnd {
    private ThreadEnd() {}

    /// Returns when `thread` has ended, however often the caller is interrupted meanwhile; the interrupt is kept for
    /// the caller. Called by `thread` itself it returns at once.
    static void await(Thread thread) {
        boolean interrupted = false;
        while (thread != Thread.currentThread() && thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
