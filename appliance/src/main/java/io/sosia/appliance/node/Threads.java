package io.sosia.appliance.node;

/// Waits for threads that have been asked to end.
final class Threads {

    private Threads() {}

    /// Returns when the thread is over; an interrupt that comes meanwhile is kept for the caller.
    static void awaitEnd(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
