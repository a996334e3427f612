package io.sosia.appliance.disk;

import io.sosia.appliance.machine.port.MachineInput.DiskCompleted;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/// Keeps a backup's disk completions until the log completes the same requests, and at go-live passes them on.
///
/// A [DiskExecutor] puts them in, a replayer takes them out. A request is submitted when the replayed machine asks for it, so at
/// go-live every request without a logged completion is under way or done already: [#passOn] gives the new primary all
/// of them, each once. Any thread.
public final class KeptCompletions implements Consumer<DiskCompleted> {
    private final int keptMax;
    private final Runnable arrived;
    private final SortedMap<Long, DiskCompleted> kept = new TreeMap<>();
    private long firstWanted;
    private Consumer<DiskCompleted> receiver;

    /// @param keptMax completions kept at most; more is a broken invariant, because the machine has fewer requests pending
    /// @param arrived called after a completion was kept, from a disk thread: time to ask again
    public KeptCompletions(int keptMax, Runnable arrived) {
        this.keptMax = keptMax;
        this.arrived = arrived;
    }

    /// Keeps a completion, or passes it on after [#passOn].
    @Override
    public void accept(DiskCompleted completed) {
        synchronized (this) {
            if (completed.requestId() < firstWanted) {
                return;
            }
            if (receiver != null) {
                receiver.accept(completed);
                return;
            }
            if (kept.size() >= keptMax) {
                throw new IllegalStateException("disk completion " + completed.requestId() + " with " + keptMax
                        + " kept already, expected them to be taken");
            }
            if (kept.putIfAbsent(completed.requestId(), completed) != null) {
                throw new IllegalStateException("disk request " + completed.requestId() + " completed twice");
            }
        }
        arrived.run();
    }

    /// Whether the request has been carried out, and how; given once.
    public synchronized Optional<DiskCompleted> take(long requestId) {
        return Optional.ofNullable(kept.remove(requestId));
    }

    /// Requests below `requestId` will not be asked for: the guest has been reset. Theirs are dropped, also those to come.
    public synchronized void forgetBefore(long requestId) {
        firstWanted = Math.max(firstWanted, requestId);
        kept.headMap(firstWanted).clear();
    }

    /// How many are kept.
    public synchronized int size() {
        return kept.size();
    }

    /// Go-live: gives `next` what is kept, by request id, and from then on every completion as it comes.
    ///
    /// @param next must not wait for the disk
    /// @throws IllegalStateException when they were passed on before
    public synchronized void passOn(Consumer<DiskCompleted> next) {
        if (receiver != null) {
            throw new IllegalStateException("completions are passed on already");
        }
        List<DiskCompleted> all = new ArrayList<>(kept.values());
        kept.clear();
        all.forEach(next);
        receiver = next;
    }
}
