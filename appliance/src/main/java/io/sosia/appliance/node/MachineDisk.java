package io.sosia.appliance.node;

import io.sosia.appliance.disk.DiskExecutor;
import io.sosia.appliance.disk.KeptCompletions;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.lockstep.DiskAnswers;
import io.sosia.appliance.machine.port.MachineInput.DiskCompleted;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.disksync.block.DiskState;
import io.sosia.disksync.block.DiskView;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Partner;
import io.sosia.disksync.block.Position;
import io.sosia.disksync.store.DiskStore;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The disk of a machine of a pair, as the machine's thread sees it: requests in, completions out, and how the disk stands to
/// the partner's.
///
/// The machine's thread calls; completions come on the disk's threads. [#partnerAway] and [#partnerInSync] may be called by
/// any thread: they take effect at the machine's next [#tell].
final class MachineDisk {

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(MachineDisk.class);
    private static final int KEPT_COMPLETIONS_MAX = 4_096;

    /// @param joint the generation in which both disks are one, if they are
    private record Standing(boolean inSync, Optional<GenerationId> joint, String reason) {}

    private final Optional<DiskStore> store;
    private final Optional<DiskExecutor> executor;
    private final KeptCompletions kept;
    private final Optional<DiskUpkeep> upkeep;
    private volatile boolean waiting;
    private volatile Standing wanted = new Standing(true, Optional.empty(), "");
    private volatile LogPosition partnerDurable = LogPosition.START;
    private volatile Optional<GenerationId> joint = Optional.empty();
    private volatile Standing told = wanted;
    private Standing failed = wanted;

    /// @param arrived called when there is something for the machine's thread to do, from any thread
    /// @param broken  told of a broken invariant
    MachineDisk(Optional<DiskStore> store, Runnable arrived, Consumer<Throwable> broken) {
        this.store = store;
        this.kept = new KeptCompletions(KEPT_COMPLETIONS_MAX, arrived);
        this.executor = store.map(disk -> new DiskExecutor(disk, DiskExecutor.Settings.BACKUP, kept, broken));
        this.upkeep = store.map(disk -> new DiskUpkeep(disk, this::between, arrived));
    }

    /// The disk itself; empty for a machine without one.
    Optional<DiskStore> store() {
        return store;
    }

    /// What compares and mends it; empty for a machine without one.
    Optional<DiskUpkeep> upkeep() {
        return upkeep;
    }

    /// Passes a request on.
    void submit(DiskRequest request) {
        executor.orElseThrow().submit(request);
        upkeep.orElseThrow().submitted(request);
    }

    /// Runs `task` on the disk's data thread, between what was submitted before the call and after it. Any thread.
    void between(Runnable task) {
        executor.orElseThrow().between(task);
    }

    /// What has become of a request, for a replay.
    DiskAnswers answers() {
        return executor.isPresent() ? this::answer : DiskAnswers.FROM_LOG;
    }

    private DiskAnswers.Answer answer(DiskRequest request) {
        Optional<DiskCompleted> done = kept.take(request.requestId());
        return done.isPresent()
                ? new DiskAnswers.Answer.Done(done.get().status(), done.get().data())
                : new DiskAnswers.Answer.Pending();
    }

    /// From now on completions go to `next`, those kept first.
    void passOn(Consumer<DiskCompleted> next) {
        kept.passOn(next);
    }

    /// All requests the log up to `position` causes have been submitted, and none beyond.
    void reached(LogPosition position) {
        executor.ifPresent(disk -> disk.reached(new Position(position.epoch(), position.seq())));
    }

    /// From now on `told` gets how long each request took, in nanoseconds. Any thread.
    void onRequest(LongConsumer told) {
        executor.ifPresent(disk -> disk.onRequest(told));
    }

    /// Up to where the log's effects are durable here.
    LogPosition durable() {
        return executor.flatMap(DiskExecutor::durablePosition)
                .map(position -> new LogPosition(position.epoch(), position.sequence()))
                .orElse(LogPosition.START);
    }

    /// Returns when everything submitted is carried out and durable.
    void makeDurable() throws IOException, InterruptedException {
        waiting = true;
        try {
            if (executor.isPresent()) {
                executor.get().drainDurably();
            }
        } finally {
            waiting = false;
        }
    }

    /// Something of the disk's that may take long, on the machine's thread.
    interface Wait {
        void run() throws IOException;
    }

    /// Does it, with the machine's thread known to wait.
    void waitFor(Wait work) throws IOException {
        waiting = true;
        try {
            work.run();
        } finally {
            waiting = false;
        }
    }

    /// Whether the machine's thread waits for the disk, which may take long. Any thread.
    boolean isWaitedFor() {
        return waiting;
    }

    /// Both nodes start from equal disks, at this epoch.
    void startsEqual(long epoch) throws IOException {
        if (store.isPresent()) {
            UUID disk = store.get().superBlock().disk();
            store.get().joinedEqual(
                    GenerationId.of(disk.getMostSignificantBits(), disk.getLeastSignificantBits(), epoch),
                    "both nodes of the pair start from here, epoch " + epoch);
        }
    }

    /// This node starts without its partner, as the recorded owner: whatever its metadata says, nobody has a newer disk.
    ///
    /// @throws IOException when nothing may boot from this disk
    void startsAlone() throws IOException {
        if (store.isEmpty()) {
            return;
        }
        DiskStore disk = store.get();
        String why = cannotBoot(disk);
        if (!why.isEmpty()) {
            throw new IOException("this node's disk " + why);
        }
        if (disk.superBlock().state() == DiskState.INCONSISTENT) {
            disk.setState(DiskState.UP_TO_DATE, "this node is the owner by the record");
        }
        disk.split("the machine starts without its partner");
    }

    /// Why no machine may boot from a disk, as what is said of it; empty when one may. Any thread.
    ///
    /// @throws IOException when its metadata cannot be read
    static String cannotBoot(DiskStore disk) throws IOException {
        if (disk.superBlock().state() != DiskState.INCONSISTENT) {
            return "";
        }
        DiskView view = disk.view();
        return view.blank() ? "is empty" : view.resync().isPresent() ? "is in the middle of a resync" : "";
    }

    /// The generation in which this disk and the partner's become one, if they do. Any thread.
    void joinsIn(GenerationId generation) {
        joint = Optional.of(generation);
    }

    /// The partner's disk durably holds what the log up to here causes. Any thread.
    void setPartnerDurable(LogPosition position) {
        partnerDurable = position;
    }

    /// This node goes on without its partner: from now on its disk keeps durably what the partner's lacks. Any thread.
    void partnerAway(String reason) {
        wanted = new Standing(false, joint, reason);
    }

    /// The partner's disk is equal again, as the record says. Any thread.
    void partnerInSync(String reason) {
        wanted = new Standing(true, joint, reason);
    }

    /// Tells the disk what is known of the partner and of the log. A primary's machine calls it now and then.
    void tell(LogPosition position) {
        if (executor.isEmpty()) {
            return;
        }
        reached(position);
        LogPosition there = partnerDurable;
        store.get().partnerDurable(new Position(there.epoch(), there.seq()));
        stand();
    }

    /// Has the disk know how the partner's stands to it now. The machine calls it now and then, a backup's too.
    void stand() {
        Standing now = wanted;
        if (executor.isPresent() && now != told) {
            executor.get().between(() -> become(now));
        }
    }

    /// From here on the partner follows every write: on the machine's thread, with no request under way.
    ///
    /// @return false when the disk does not know the partner to be away: nothing has happened then
    boolean beginJoin() {
        CompletableFuture<Boolean> begun = new CompletableFuture<>();
        executor.orElseThrow().between(() -> {
            boolean away = told == wanted && store.get().superBlock().partner() == Partner.AWAY;
            if (away) {
                store.get().beginJoin();
            }
            begun.complete(away);
        });
        return begun.join();
    }

    /// Before a claim: a disk that was made equal says so, durably.
    void adoptIfMadeEqual() throws IOException {
        if (store.isPresent() && joint.isPresent() && store.get().superBlock().state() == DiskState.INCONSISTENT) {
            store.get().adopt(joint.get(), "all of the log is here");
        }
    }

    /// On the disk's data thread. What cannot be written down costs a longer resync and nothing else: the disk's activity log
    /// remembers what the partner may lack.
    private void become(Standing standing) {
        if (standing == told) {
            return;
        }
        DiskStore disk = store.get();
        try {
            if (standing.joint().isPresent() && disk.superBlock().state() == DiskState.INCONSISTENT) {
                // This disk was the one that was made equal.
                disk.adopt(standing.joint().get(), standing.reason());
            } else if (!standing.inSync()) {
                disk.abandonJoin();
            } else if (disk.superBlock().partner() == Partner.AWAY) {
                disk.joined(standing.joint().orElseThrow(), standing.reason());
            }
            if (!standing.inSync()) {
                disk.split(standing.reason());
            }
            told = standing;
        } catch (IOException e) {
            // Tried again at the next turn.
            if (failed != standing) {
                failed = standing;
                DIAGNOSTICS.warn("disk: how the partner's stands to it cannot be written down: {}", e.getMessage());
            }
        }
    }

    /// Ends the disk's threads and closes it, durable.
    void close() throws IOException {
        executor.ifPresent(DiskExecutor::close);
        if (store.isPresent()) {
            store.get().close();
        }
    }
}
