package io.sosia.appliance.machine.translate;

/// Where translation is done: on a thread of its own, or at once.
@FunctionalInterface
public interface TranslationQueue {

    /// Does the work here and now.
    TranslationQueue AT_ONCE = work -> {
        work.run();
        return true;
    };

    /// Takes a piece of work, which touches nothing of the machine, and does it at any time.
    ///
    /// @return false when there is no room; then it is not done
    boolean offer(Runnable work);

    /// Whether it looks as if there were room for a piece of work.
    default boolean hasRoom() {
        return true;
    }

    /// Whether it looks as if nothing waited: the time for work that only makes good code better.
    default boolean isIdle() {
        return true;
    }
}
