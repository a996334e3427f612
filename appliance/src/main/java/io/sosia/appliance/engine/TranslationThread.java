package io.sosia.appliance.engine;

import io.sosia.appliance.machine.translate.TranslationQueue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// The one thread of this process that translates, and the bounded queue before it.
///
/// One for all machines of the process: translation competes with the guest for processors. The thread begins with the
/// first piece of work, ends after a minute without any, and keeps no process alive. Work that throws ends as any
/// thread's uncaught exception does: it is a broken invariant.
public final class TranslationThread implements TranslationQueue {

    /// Pieces of work waiting, at most. Few: what finds no room comes back when it has been used some more, so the hottest code comes first.
    public static final int WORK_MAX = 8;

    private static final int IDLE_SECONDS_MAX = 60;
    private static final TranslationThread SHARED = new TranslationThread(WORK_MAX);

    static {
        // The first piece of work: all others are compiled as it says.
        SHARED.offer(new JitDirectives()::add);
    }

    private final BlockingQueue<Runnable> waiting;
    private final ThreadPoolExecutor thread;

    /// @param workMax pieces of work waiting, at most
    TranslationThread(int workMax) {
        waiting = new ArrayBlockingQueue<>(workMax);
        thread = new ThreadPoolExecutor(1, 1, IDLE_SECONDS_MAX, TimeUnit.SECONDS, waiting,
                Thread.ofPlatform().name("sosia-translate").daemon().factory());
        thread.allowCoreThreadTimeOut(true);
    }

    /// The process's own.
    public static TranslationThread shared() {
        return SHARED;
    }

    @Override
    public boolean hasRoom() {
        return waiting.remainingCapacity() > 0;
    }

    @Override
    public boolean isIdle() {
        return waiting.isEmpty();
    }

    @Override
    public boolean offer(Runnable work) {
        if (!hasRoom()) {
            return false;
        }
        try {
            thread.execute(work);
            return true;
        } catch (RejectedExecutionException full) {
            // Another machine of this process took the last place meanwhile.
            return false;
        }
    }
}
