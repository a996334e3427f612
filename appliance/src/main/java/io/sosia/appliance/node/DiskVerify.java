package io.sosia.appliance.node;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.pair.NodeState;
import io.sosia.appliance.pair.PeerMessage;
import io.sosia.appliance.verify.ExtentHashes;
import io.sosia.appliance.verify.Finding;
import io.sosia.appliance.verify.VerifyAction;
import io.sosia.appliance.verify.VerifyRun;
import io.sosia.disksync.block.KnownBlocks;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Compares this node's disk with its partner's while both are in use: at an operator's word, and by itself now and then. On the
/// event loop; [#ask], [#cancel], [#status] and [#summary] may be called by any thread.
///
/// Only a primary with a backup that is in sync begins a comparison; a backup answers. One at a time: the operator's goes before
/// the scheduled one, which goes on afterwards where it stood.
public final class DiskVerify {

    /// What its node is.
    ///
    /// @param node      its name
    /// @param partner   the partner's
    /// @param scrub     when to compare by itself
    /// @param last      when this node last did, or first started
    /// @param keeper    keeps when it has done so; called on the disk's data thread
    record Setup(String node, String partner, NodeConfig.Scrub scrub, Instant last, Consumer<Instant> keeper) {}

    /// The rest of its node.
    ///
    /// @param onLoop  runs something on the event loop, later
    /// @param atOnce  runs something on the event loop and returns when that is done
    /// @param partner tells the partner something
    /// @param fault   told of what this node cannot do: it has to retire
    record Surroundings(
            Consumer<Runnable> onLoop, Consumer<Runnable> atOnce, Consumer<PeerMessage.OfDisk> partner,
            Consumer<String> fault) {}

    /// What an operator asks for.
    ///
    /// @param extent         the only extent to be compared; empty for all of them
    /// @param repair         whether what differs is repaired
    /// @param bytesPerSecond compared in a second at most; empty for as much as leaves the guest half of the disk's time
    public record Request(Optional<Long> extent, boolean repair, Optional<Long> bytesPerSecond) {}

    private record Current(VerifyRun run, long number, boolean scheduled, Instant started, long startedNanos) {}

    private record Ended(Instant at, long nanos) {}

    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger("io.sosia.disk");
    private static final double SHARE_ASKED = 0.5;
    private static final double SHARE_SCHEDULED = 0.1;
    /// Lines that one run may write to the history and the diagnostics.
    private static final int NOTES_MAX = 50;
    private static final long LOOK_NANOS = 1_000_000_000;
    private static final long AGAIN_NANOS = 60_000_000_000L;
    private static final long PUT_OFF_NANOS = 3_600_000_000_000L;

    private final DiskUpkeep upkeep;
    private final Surroundings node;
    private Optional<Setup> setup = Optional.empty();
    private Optional<NodeState> state = Optional.empty();
    private Optional<Current> current = Optional.empty();
    private Optional<Ended> ended = Optional.empty();
    private Instant last = Instant.EPOCH;
    private long runs;
    private int notes;
    private long foundBefore;
    private long repairedBefore;
    private long nextExtent;
    private long lookNanos;
    private long notBeforeNanos;

    DiskVerify(DiskUpkeep upkeep, Surroundings node) {
        this.upkeep = upkeep;
        this.node = node;
        this.lookNanos = System.nanoTime();
        this.notBeforeNanos = lookNanos;
        upkeep.tell(new Answers());
    }

    /// Once, before the node begins: without it nothing is compared at all.
    void attach(Setup with) {
        setup = Optional.of(with);
        Instant now = Instant.now();
        // A clock that was set back must not put the next one off for ever.
        last = with.last().isAfter(now) ? now : with.last();
    }

    /// What the disk's thread and the machine's tell.
    private final class Answers implements DiskUpkeep.Listener {
        @Override
        public void hashed(LogPosition at, ExtentHashes hashes, KnownBlocks known, long tookNanos) {
            advance((run, now) -> run.ours(at, hashes, known, tookNanos, now));
        }

        @Override
        public void mended(long offset, String failure) {
            advance((run, now) -> run.mended(offset, failure, now));
        }

        @Override
        public void replayedVerify(LogPosition at, ExtentHashes hashes, KnownBlocks known) {
            node.onLoop().accept(() -> node.partner().accept(new PeerMessage.DiskHashes(at, hashes, known)));
        }

        @Override
        public void replayedFetch(LogPosition at, byte[] bytes) {
            node.onLoop().accept(() -> node.partner().accept(new PeerMessage.DiskBytes(at, bytes)));
        }

        @Override
        public void failed(String reason) {
            node.fault().accept(reason);
        }

        private void advance(Step step) {
            node.onLoop().accept(() -> runningNow().ifPresent(run -> take(step.of(run, System.nanoTime()))));
        }
    }

    private interface Step {
        List<VerifyAction> of(VerifyRun run, long now);
    }

    private Optional<VerifyRun> runningNow() {
        return ended.isPresent() ? Optional.empty() : current.map(Current::run);
    }

    /// The partner says something of the disks.
    void received(PeerMessage.OfDisk message) {
        switch (message) {
            case PeerMessage.DiskHashes(LogPosition at, ExtentHashes hashes, KnownBlocks known) ->
                    runningNow().ifPresent(run -> take(run.theirs(at, hashes, known, System.nanoTime())));
            case PeerMessage.DiskSame(LogPosition at, long blocks) -> upkeep.confirmed(at, blocks);
            case PeerMessage.DiskBytes(LogPosition at, byte[] bytes) -> upkeep.fetched(at, bytes);
            case PeerMessage.DiskNote(String text) -> upkeep.note(text);
        }
    }

    /// Time passes.
    void tick(long now) {
        runningNow().ifPresent(run -> take(run.tick(now)));
        if (now - lookNanos >= LOOK_NANOS) {
            lookNanos = now;
            if (isDue(now)) {
                begin(scheduled(), true);
            }
        }
    }

    private boolean isDue(long now) {
        return setup.isPresent() && runningNow().isEmpty() && state.orElse(null) instanceof NodeState.Protected
                && !setup.get().scrub().every().isZero() && now - notBeforeNanos >= 0
                && !Instant.now().isBefore(last.plus(setup.get().scrub().every()));
    }

    private VerifyRun.Order scheduled() {
        long end = VerifyRun.extents(upkeep.diskBytes());
        return new VerifyRun.Order(nextExtent, end, true, SHARE_SCHEDULED, setup.orElseThrow().scrub().bytesPerSecond());
    }

    /// The pair's state has changed.
    void transition(NodeState to, String reason) {
        state = Optional.of(to);
        if (!(to instanceof NodeState.Protected)) {
            runningNow().ifPresent(run -> take(
                    run.stop(VerifyRun.Result.INTERRUPTED, "the pair is no longer PROTECTED: " + reason)));
        }
    }

    private void begin(VerifyRun.Order order, boolean scheduled) {
        VerifyRun run = new VerifyRun(order, upkeep.diskBytes(), System.nanoTime());
        ended = Optional.empty();
        current = Optional.of(new Current(run, ++runs, scheduled, Instant.now(), System.nanoTime()));
        notes = 0;
        DIAGNOSTICS.info("verify {} begins: {} bytes from extent {}, {}", runs, run.bytesTotal(), order.firstExtent(),
                scheduled ? "scheduled" : "asked for");
        take(run.tick(System.nanoTime()));
    }

    private void take(List<VerifyAction> actions) {
        for (VerifyAction action : actions) {
            switch (action) {
                case VerifyAction.Compare(long extent) -> upkeep.compare(extent);
                case VerifyAction.Confirm(LogPosition at, long blocks) -> {
                    upkeep.confirmed(at, blocks);
                    node.partner().accept(new PeerMessage.DiskSame(at, blocks));
                }
                case VerifyAction.MendBackup(long offset, int length) -> upkeep.mendBackup(offset, length);
                case VerifyAction.MendPrimary(long offset, int length) -> upkeep.mendPrimary(offset, length);
                case VerifyAction.Found(Finding finding) -> {
                    if (notes < NOTES_MAX) {
                        DIAGNOSTICS.warn("verify {}: {}", runs, finding.text());
                    }
                }
                case VerifyAction.Settled(Finding finding) -> {
                    if (notes++ < NOTES_MAX) {
                        DIAGNOSTICS.warn("verify {}: {}", runs, finding.text());
                        note(finding.text());
                    }
                }
                case VerifyAction.Finished() -> finish();
            }
        }
    }

    /// In both histories.
    private void note(String text) {
        upkeep.note("verify: " + text);
        node.partner().accept(new PeerMessage.DiskNote("verify by the primary: " + text));
    }

    private void finish() {
        Current done = current.orElseThrow();
        VerifyRun run = done.run();
        ended = Optional.of(new Ended(Instant.now(), System.nanoTime()));
        upkeep.abandon();
        foundBefore += run.found();
        repairedBefore += run.repaired();
        String text = (done.scheduled() ? "scheduled" : "asked for") + ", " + run.result().word()
                + (run.reason().isEmpty() ? "" : " (" + run.reason() + ")") + " after " + run.bytesDone() + " of "
                + run.bytesTotal() + " bytes: " + run.found() + " blocks differed, " + run.repaired() + " repaired";
        DIAGNOSTICS.info("verify {} ends: {}", done.number(), text);
        note(text);
        plan(done, run);
    }

    /// When the next one is due.
    private void plan(Current done, VerifyRun run) {
        boolean toTheEnd = run.result() == VerifyRun.Result.DONE && run.extent() == VerifyRun.extents(upkeep.diskBytes());
        if (toTheEnd && (done.scheduled() || run.order().firstExtent() == 0)) {
            nextExtent = 0;
            last = Instant.now();
            Instant now = last;
            upkeep.later(() -> setup.orElseThrow().keeper().accept(now));
        } else if (done.scheduled()) {
            nextExtent = run.extent();
            notBeforeNanos = System.nanoTime()
                    + (run.result() == VerifyRun.Result.CANCELLED ? PUT_OFF_NANOS : AGAIN_NANOS);
        }
    }

    // Any thread.

    private <T> T onLoop(Supplier<T> answer) {
        AtomicReference<T> got = new AtomicReference<>();
        node.atOnce().accept(() -> got.set(answer.get()));
        return got.get();
    }

    /// Begins a comparison.
    ///
    /// @return why that cannot be; empty when it begins
    public String ask(Request request) {
        return onLoop(() -> {
            String why = whyNot(request);
            if (why.isEmpty()) {
                long first = request.extent().orElse(0L);
                long end = request.extent().isPresent() ? first + 1 : VerifyRun.extents(upkeep.diskBytes());
                begin(new VerifyRun.Order(first, end, request.repair(), SHARE_ASKED,
                        request.bytesPerSecond().orElse(Long.MAX_VALUE)), false);
            }
            return why;
        });
    }

    private String whyNot(Request request) {
        if (setup.isEmpty() || state.isEmpty()) {
            return "this node has not begun yet";
        }
        NodeState now = state.get();
        String partner = setup.get().partner();
        if (!now.isPrimary()) {
            return "this node is " + now.word() + ", not the primary; ask node " + partner;
        }
        if (!(now instanceof NodeState.Protected)) {
            return "there is no disk to compare with: this node is " + now.word() + ", its partner " + partner
                    + " is not in sync";
        }
        long all = VerifyRun.extents(upkeep.diskBytes());
        long extent = request.extent().orElse(0L);
        if (extent < 0 || extent >= all) {
            return "there is no extent " + extent + ": the disk has " + all + ", numbered from 0";
        }
        if (request.bytesPerSecond().orElse(1L) <= 0) {
            return request.bytesPerSecond().get() + " bytes a second are none";
        }
        return makeRoom();
    }

    private String makeRoom() {
        Optional<VerifyRun> running = runningNow();
        if (running.isEmpty()) {
            return "";
        }
        if (!current.orElseThrow().scheduled()) {
            return "the disks are being compared already";
        }
        take(running.get().stop(VerifyRun.Result.INTERRUPTED, "an operator has asked for another one"));
        notBeforeNanos = System.nanoTime();
        return "";
    }

    /// Ends the comparison that goes on.
    ///
    /// @return false when none does
    public boolean cancel() {
        return onLoop(() -> {
            Optional<VerifyRun> running = runningNow();
            running.ifPresent(run -> take(run.stop(VerifyRun.Result.CANCELLED, "cancelled by an operator")));
            return running.isPresent();
        });
    }

    /// The comparison that goes on, or the last one.
    public VerifyStatus status() {
        return onLoop(this::statusNow);
    }

    private VerifyStatus statusNow() {
        if (current.isEmpty()) {
            return VerifyStatus.NONE;
        }
        Current of = current.get();
        VerifyRun run = of.run();
        long until = ended.map(Ended::nanos).orElse(System.nanoTime());
        double seconds = Math.max(1e-3, (until - of.startedNanos()) / 1e9);
        List<VerifyStatus.Difference> findings = run.findings().stream().map(each -> new VerifyStatus.Difference(
                each.at().toString(), each.extent(), each.offset(), each.length(), each.side().word(), each.outcome().word(),
                each.reason())).toList();
        return new VerifyStatus(of.number(), of.scheduled() ? "scheduled" : "asked", run.result().word(), run.reason(),
                run.order().repair(), run.bytesTotal(), run.bytesDone(), (long) (run.bytesDone() / seconds), run.found(),
                run.repaired(), findings, micros(of.started()), ended.map(end -> micros(end.at())).orElse(0L));
    }

    /// For the node's status. On the event loop.
    VerifySummary summary() {
        Optional<VerifyRun> run = runningNow();
        return new VerifySummary(setup.map(own -> own.scrub().every()).orElse(Duration.ZERO).toSeconds(), micros(last),
                run.isEmpty() ? "" : current.orElseThrow().scheduled() ? "scheduled" : "asked",
                run.map(it -> 100.0 * it.bytesDone() / it.bytesTotal()).orElse(0.0),
                foundBefore + run.map(VerifyRun::found).orElse(0L), repairedBefore + run.map(VerifyRun::repaired).orElse(0L));
    }

    private static long micros(Instant at) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, at);
    }
}
