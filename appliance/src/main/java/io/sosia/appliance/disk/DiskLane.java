package io.sosia.appliance.disk;

import java.util.function.Consumer;

/// A thread with a daily round: takes work when there is some, and reports when it breaks.
///
/// A broken invariant is not an I/O error: the owner is told, and has to stop the node.
final class DiskLane {
    /// One piece of work.
    @FunctionalInterface
    interface Round {
        /// Waits for work and does it.
        ///
        /// @return false when there will be no more
        boolean run();
    }

    private final Thread thread;

    /// Starts the thread.
    DiskLane(String name, Round round, Consumer<Throwable> broken) {
        thread = Thread.ofPlatform().daemon().name(name).start(() -> {
            try {
                boolean more = true;
                while (more) {
                    more = round.run();
                }
            } catch (RuntimeException | Error e) {
                broken.accept(e);
            }
        });
    }

    /// Waits for the thread's end. An interrupt is kept for the caller and does not shorten the wait.
    void join() {
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
