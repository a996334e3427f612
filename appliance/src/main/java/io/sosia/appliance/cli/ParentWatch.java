package io.sosia.appliance.cli;

import io.sosia.appliance.demo.ChildProcess;
import java.io.IOException;
import java.time.Duration;

/// Ends this process when the one that started it is gone, if that one asked for it.
final class ParentWatch {

    private static final int STATUS = 143;
    private static final Duration TIDY_LIMIT = Duration.ofSeconds(3);

    private ParentWatch() {}

    /// Begins to watch standard input, whose other end the parent holds, when the property is set. The end of it ends
    /// this process: in order if that is quick, else at once.
    static void beginIfAsked() {
        if (!Boolean.getBoolean(ChildProcess.ENDS_WITH_PARENT)) {
            return;
        }
        Thread.ofPlatform().daemon().name("parent-watch").start(() -> {
            awaitEndOfInput();
            Thread.ofPlatform().daemon().start(() -> System.exit(STATUS));
            try {
                Thread.sleep(TIDY_LIMIT);
            } catch (InterruptedException hurry) {
                Thread.currentThread().interrupt();
            }
            Runtime.getRuntime().halt(STATUS);
        });
    }

    private static void awaitEndOfInput() {
        byte[] ignored = new byte[64];
        try {
            while (System.in.read(ignored) >= 0) {
                // A parent has nothing to say here.
            }
        } catch (IOException broken) {
            // As good as the end.
        }
    }
}
