package io.sosia.appliance.node;

import io.sosia.appliance.clone.CloneAssembly;
import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.machine.port.GuestMachine;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/// The duty cycle of a machine that is being built from what a primary sends. Mirror of [CloneFeed].
///
/// One thread calls [#run]; others deliver and ask.
final class CloneBuild {

    /// Where blocks of the disk go.
    interface Blocks {
        void write(ClonePart.Blocks blocks) throws IOException;
    }

    private static final long WAIT_NANOS = 20_000_000;

    private final CloneAssembly assembly;
    private final Blocks disk;
    private final LoopSignal signal;
    private final ConcurrentLinkedQueue<ClonePart> delivered = new ConcurrentLinkedQueue<>();
    private final AtomicLong waitingBytes = new AtomicLong();
    private volatile boolean stopping;
    private volatile long lastTurnNanos = System.nanoTime();

    CloneBuild(GuestMachine machine, Blocks disk, LoopSignal signal) {
        this.assembly = new CloneAssembly(machine.image());
        this.disk = disk;
        this.signal = signal;
    }

    /// Builds until the cut, or until stopped.
    ///
    /// @return the cut; empty when stopped before
    /// @throws IOException when what comes does not fit, or the disk fails
    Optional<ClonePart.Cut> run() throws IOException {
        while (!stopping) {
            signal.clear();
            lastTurnNanos = System.nanoTime();
            ClonePart part = delivered.poll();
            if (part == null) {
                signal.await(WAIT_NANOS);
                continue;
            }
            waitingBytes.addAndGet(-CloneFeed.weight(part));
            switch (part) {
                case ClonePart.Pages pages -> assembly.take(pages);
                case ClonePart.State state -> assembly.take(state);
                case ClonePart.Blocks blocks -> disk.write(blocks);
                case ClonePart.Cut cut -> {
                    assembly.take(cut);
                    return Optional.of(cut);
                }
            }
        }
        return Optional.empty();
    }

    /// The next part. Any one thread.
    void deliver(ClonePart part) {
        waitingBytes.addAndGet(CloneFeed.weight(part));
        delivered.add(part);
        signal.raise();
    }

    /// Bytes delivered and not built in yet; the sender is held back by not reading.
    long waitingBytes() {
        return waitingBytes.get();
    }

    /// Let [#run] return with nothing. Any thread.
    void stop() {
        stopping = true;
        signal.raise();
    }

    /// When the last turn began, on the monotonic clock. Any thread.
    long lastTurnNanos() {
        return lastTurnNanos;
    }
}
