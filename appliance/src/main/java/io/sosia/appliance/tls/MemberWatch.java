package io.sosia.appliance.tls;

import java.lang.ref.WeakReference;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// Looks at members' files every second, on a thread of its own: handshakes are made on event loops, which wait for no disk.
final class MemberWatch {

    private static final ScheduledExecutorService EYES = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("certificates").factory());

    private MemberWatch() {}

    /// Looks at these files for as long as somebody uses them.
    static void begin(MemberFiles files) {
        WeakReference<MemberFiles> used = new WeakReference<>(files);
        EYES.scheduleWithFixedDelay(() -> {
            MemberFiles still = used.get();
            if (still == null) {
                // What throws is not run again.
                throw new CancellationException();
            }
            still.look();
        }, 1, 1, TimeUnit.SECONDS);
    }
}
