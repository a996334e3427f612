package io.sosia.appliance.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.tuple;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.verify.VerifyRun.Order;
import io.sosia.appliance.verify.VerifyRun.Result;
import io.sosia.disksync.block.KnownBlocks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class VerifyRunTest {

    private static final long EXTENT = 4L << 20;
    private static final int BLOCK = 64 << 10;
    /// Three extents, the last of three blocks, the last of those of 4 KiB.
    private static final long DISK = 2 * EXTENT + 2 * BLOCK + 4096;
    private static final int MILLI = 1_000_000;

    private final List<VerifyAction> seen = new ArrayList<>();
    private final TreeMap<Long, Long> ours = new TreeMap<>();
    private final TreeMap<Long, Long> theirs = new TreeMap<>();
    /// What the primary remembers, and the backup.
    private final TreeMap<Long, Long> known = new TreeMap<>();
    private final TreeMap<Long, Long> knownThere = new TreeMap<>();
    private long now;
    private long seq;
    private VerifyRun run;

    private void begin(boolean repair) {
        run = new VerifyRun(new Order(0, 3, repair, 1.0, Long.MAX_VALUE), DISK, now);
    }

    private static int blocks(long extent) {
        return extent == 2 ? 3 : 64;
    }

    private static ExtentHashes hashes(long extent, TreeMap<Long, Long> disk, long unreadable) {
        long[] hashes = new long[blocks(extent)];
        for (int i = 0; i < hashes.length; i++) {
            hashes[i] = disk.getOrDefault(extent * 64 + i, 7L);
        }
        return new ExtentHashes(extent, unreadable, hashes);
    }

    private static KnownBlocks known(long extent, TreeMap<Long, Long> memory) {
        KnownBlocks all = KnownBlocks.NOTHING;
        long[] hashes = new long[64];
        for (int i = 0; i < blocks(extent); i++) {
            if (memory.containsKey(extent * 64 + i)) {
                hashes[i] = memory.get(extent * 64 + i);
                all = all.with(1L << i, hashes);
            }
        }
        return all;
    }

    /// Both disks do what they are asked for until the run is over.
    private void serve() {
        serve(run.tick(now));
    }

    private void serve(List<VerifyAction> first) {
        List<VerifyAction> actions = new ArrayList<>(first);
        while (!actions.isEmpty()) {
            VerifyAction action = actions.removeFirst();
            seen.add(action);
            now += MILLI;
            switch (action) {
                case VerifyAction.Compare(long extent) -> {
                    LogPosition at = new LogPosition(4, ++seq);
                    if (seq % 2 == 0) {
                        actions.addAll(run.ours(at, hashes(extent, ours, 0), known(extent, known), MILLI, now));
                        actions.addAll(run.theirs(at, hashes(extent, theirs, 0), known(extent, knownThere), now));
                    } else {
                        actions.addAll(run.theirs(at, hashes(extent, theirs, 0), known(extent, knownThere), now));
                        actions.addAll(run.ours(at, hashes(extent, ours, 0), known(extent, known), MILLI, now));
                    }
                }
                case VerifyAction.MendBackup(long offset, int _) -> {
                    copy(offset / BLOCK, ours, theirs);
                    actions.addAll(run.mended(offset, "", now));
                }
                case VerifyAction.MendPrimary(long offset, int _) -> {
                    copy(offset / BLOCK, theirs, ours);
                    actions.addAll(run.mended(offset, "", now));
                }
                case VerifyAction.Confirm _, VerifyAction.Found _, VerifyAction.Settled _, VerifyAction.Finished _ -> { }
            }
            if (actions.isEmpty()) {
                now += MILLI;
                actions.addAll(run.tick(now));
            }
        }
    }

    private static void copy(long block, TreeMap<Long, Long> from, TreeMap<Long, Long> to) {
        to.put(block, from.getOrDefault(block, 7L));
    }

    private List<Finding> settled() {
        return seen.stream().filter(VerifyAction.Settled.class::isInstance)
                .map(action -> ((VerifyAction.Settled) action).finding()).toList();
    }

    @Test
    void equalDisksAreComparedOnceAndNothingIsFound() {
        begin(true);
        serve();
        assertThat(run.result()).isEqualTo(Result.DONE);
        assertThat(seen).filteredOn(VerifyAction.Compare.class::isInstance).containsExactly(
                new VerifyAction.Compare(0), new VerifyAction.Compare(1), new VerifyAction.Compare(2));
        assertThat(run.bytesDone()).isEqualTo(run.bytesTotal()).isEqualTo(DISK);
        assertThat(run.found()).isZero();
        assertThat(seen.getLast()).isEqualTo(new VerifyAction.Finished());
    }

    @Test
    void whatDiffersIsTakenFromThePrimaryWhenNobodyKnowsBetter() {
        theirs.put(64L + 5, 8L);
        begin(true);
        serve();
        assertThat(theirs.get(64L + 5)).isEqualTo(7L);
        Finding finding = new Finding(new LogPosition(4, 2), 1, EXTENT + 5 * BLOCK, BLOCK, Side.UNKNOWN,
                Finding.Outcome.REPAIRED, "");
        assertThat(run.findings()).containsExactly(finding);
        assertThat(settled()).containsExactly(finding);
        assertThat(finding.text()).isEqualTo("the two disks differed in extent 1, 65536 bytes at 4521984, log position 4/2: "
                + "whose was wrong is not known; repaired from the primary");
        assertThat(run.repaired()).isEqualTo(1);
    }

    @Test
    void whoeverStillHoldsWhatBothHeldBeforeIsRight() {
        known.put(1L, 7L);
        theirs.put(1L, 8L);
        known.put(130L, 9L);
        ours.put(130L, 10L);
        theirs.put(130L, 9L);
        begin(true);
        serve();
        assertThat(run.findings()).extracting(Finding::side).containsExactly(Side.BACKUP, Side.PRIMARY);
        assertThat(run.findings().get(1)).extracting(Finding::offset, Finding::length)
                .containsExactly(2 * EXTENT + 2 * BLOCK, 4096);
        assertThat(ours.get(130L)).isEqualTo(9L);
        assertThat(theirs.get(1L)).isEqualTo(7L);
        assertThat(run.repaired()).isEqualTo(2);
        assertThat(run.findings().get(1).text()).endsWith("the primary's was wrong; repaired from the backup");
    }

    @Test
    void itIsEnoughThatTheBackupRemembers() {
        knownThere.put(1L, 7L);
        theirs.put(1L, 8L);
        knownThere.put(130L, 9L);
        ours.put(130L, 10L);
        theirs.put(130L, 9L);
        begin(true);
        serve();
        assertThat(run.findings()).extracting(Finding::side).containsExactly(Side.BACKUP, Side.PRIMARY);
        assertThat(ours.get(130L)).isEqualTo(9L);
        assertThat(theirs.get(1L)).isEqualTo(7L);
    }

    @Test
    void whereTheNodesRememberDifferentThingsThePrimaryIsBelieved() {
        known.put(1L, 7L);
        knownThere.put(1L, 8L);
        theirs.put(1L, 8L);
        begin(true);
        serve();
        assertThat(run.findings()).extracting(Finding::side, Finding::outcome)
                .containsExactly(tuple(Side.UNKNOWN, Finding.Outcome.REPAIRED));
        assertThat(theirs.get(1L)).isEqualTo(7L);
    }

    @Test
    void whereBothAreWrongBothAreMadeTheSameAndItIsSaidThatNobodyHasTheRightBytes() {
        known.put(1L, 7L);
        ours.put(1L, 8L);
        theirs.put(1L, 9L);
        begin(true);
        serve();
        assertThat(theirs.get(1L)).isEqualTo(8L);
        assertThat(run.findings()).singleElement().extracting(Finding::text).asString().isEqualTo("the two disks have changed by "
                + "themselves in extent 0, 65536 bytes at 65536, log position 4/1: neither holds what both held before; "
                + "not repaired: made the same, from the primary; nobody has the right bytes");
        assertThat(run.found()).as("found once").isEqualTo(1);
        assertThat(run.repaired()).isZero();
    }

    @Test
    void changesThatAreTheSameOnBothAreFoundToo() {
        knownThere.put(130L, 9L);
        begin(true);
        serve();
        assertThat(run.findings()).singleElement().satisfies(found -> {
            assertThat(found.side()).isEqualTo(Side.BOTH);
            assertThat(found.offset()).isEqualTo(2 * EXTENT + 2 * BLOCK);
            assertThat(found.reason()).isEqualTo("they are the same; nobody has the right bytes");
        });
        assertThat(seen).as("known as it is from now on").contains(new VerifyAction.Confirm(new LogPosition(4, 3), 7L));
        assertThat(seen).noneMatch(VerifyAction.MendBackup.class::isInstance);
    }

    @Test
    void differencesAreLeftWhenThatIsAskedFor() {
        theirs.put(3L, 8L);
        begin(false);
        serve();
        assertThat(seen).noneMatch(VerifyAction.MendBackup.class::isInstance);
        assertThat(run.findings()).extracting(Finding::outcome).containsExactly(Finding.Outcome.LEFT);
        assertThat(run.found()).isEqualTo(1);
        assertThat(run.repaired()).isZero();
    }

    @Test
    void blocksThatAreTheSameAreConfirmedAlsoBesideOnesThatAreNot() {
        theirs.put(0L, 8L);
        begin(false);
        serve();
        assertThat(seen).filteredOn(VerifyAction.Confirm.class::isInstance)
                .extracting(action -> ((VerifyAction.Confirm) action).blocks()).containsExactly(~1L, -1L, 7L);
    }

    @Test
    void blockThatDiffersAfterEveryRepairIsGivenUpAndTheRunGoesOn() {
        begin(true);
        int mends = 0;
        List<VerifyAction> actions = new ArrayList<>(run.tick(now));
        while (!actions.isEmpty()) {
            switch (actions.removeFirst()) {
                case VerifyAction.Compare(long extent) -> {
                    LogPosition at = new LogPosition(4, ++seq);
                    theirs.put(10L, 100 + seq);
                    actions.addAll(run.theirs(at, hashes(extent, theirs, 0), known(extent, knownThere), now));
                    actions.addAll(run.ours(at, hashes(extent, ours, 0), KnownBlocks.NOTHING, MILLI, now));
                }
                case VerifyAction.MendBackup(long offset, int _) -> {
                    mends++;
                    actions.addAll(run.mended(offset, mends == 1 ? "" : "no luck", now));
                }
                default -> { }
            }
            now += 10 * MILLI;
            if (actions.isEmpty()) {
                actions.addAll(run.tick(now));
            }
        }
        assertThat(mends).isEqualTo(VerifyRun.ATTEMPTS_MAX);
        assertThat(run.result()).isEqualTo(Result.DONE);
        assertThat(run.findings()).extracting(Finding::reason).containsExactly("no luck");
        assertThat(run.found()).as("found once").isEqualTo(1);
    }

    @Test
    void whoCannotReadABlockGetsItFromTheOther() {
        begin(true);
        run.tick(now);
        LogPosition at = new LogPosition(4, 1);
        run.ours(at, hashes(0, ours, 0b101), KnownBlocks.NOTHING, MILLI, now);
        List<VerifyAction> actions = run.theirs(at, hashes(0, theirs, 0b110), KnownBlocks.NOTHING, now);
        assertThat(actions).filteredOn(VerifyAction.Found.class::isInstance)
                .extracting(action -> ((VerifyAction.Found) action).finding().side())
                .containsExactly(Side.PRIMARY, Side.BACKUP, Side.UNKNOWN);
        assertThat(actions).filteredOn(VerifyAction.Settled.class::isInstance)
                .extracting(action -> ((VerifyAction.Settled) action).finding().reason())
                .containsExactly("neither node can read it");
        assertThat(actions.getLast()).isEqualTo(new VerifyAction.MendPrimary(0, BLOCK));
        assertThat(run.mended(0, "", now)).containsExactly(new VerifyAction.MendBackup(BLOCK, BLOCK));
        assertThat(run.mended(BLOCK, "", now)).containsExactly(new VerifyAction.Compare(0));
    }

    @Test
    void answersOfAnotherPlaceInTheLogAreNotCompared() {
        begin(true);
        run.tick(now);
        theirs.put(0L, 8L);
        assertThat(run.theirs(new LogPosition(4, 1), hashes(0, theirs, 0), KnownBlocks.NOTHING, now)).isEmpty();
        assertThat(run.ours(new LogPosition(4, 2), hashes(0, ours, 0), KnownBlocks.NOTHING, 1, now)).isEmpty();
        assertThat(run.ours(new LogPosition(4, 1), hashes(0, ours, 0), KnownBlocks.NOTHING, 1, now))
                .as("an older place").isEmpty();
        theirs.clear();
        assertThat(run.theirs(new LogPosition(4, 2), hashes(0, theirs, 0), KnownBlocks.NOTHING, now)).isNotEmpty();
        assertThat(run.found()).isZero();
        assertThat(run.extent()).isEqualTo(1);
    }

    @Test
    void partnerThatHashesSomethingElseEndsTheRun() {
        begin(true);
        run.tick(now);
        LogPosition at = new LogPosition(4, 1);
        run.ours(at, hashes(0, ours, 0), KnownBlocks.NOTHING, 1, now);
        run.theirs(at, hashes(2, theirs, 0), KnownBlocks.NOTHING, now);
        assertThat(run.result()).isEqualTo(Result.INTERRUPTED);
        assertThat(run.reason()).isEqualTo("the partner has hashed 3 blocks of extent 2, expected 64 of extent 0");
    }

    @Test
    void silenceEndsTheRunAndSaysWhose() {
        begin(true);
        run.tick(now);
        now += VerifyRun.PATIENCE_NANOS;
        assertThat(run.tick(now)).isEmpty();
        assertThat(run.ours(new LogPosition(4, 1), hashes(0, ours, 0), KnownBlocks.NOTHING, 1, now)).isEmpty();
        assertThat(run.tick(now + 1)).containsExactly(new VerifyAction.Finished());
        assertThat(run.reason()).isEqualTo("the partner has given no answer for 120 s");
    }

    @Test
    void stoppedRunSaysOfOpenDifferencesThatTheyAreNotRepaired() {
        begin(true);
        run.tick(now);
        theirs.put(0L, 8L);
        LogPosition at = new LogPosition(4, 1);
        run.ours(at, hashes(0, ours, 0), KnownBlocks.NOTHING, 1, now);
        run.theirs(at, hashes(0, theirs, 0), KnownBlocks.NOTHING, now);
        List<VerifyAction> actions = run.stop(Result.INTERRUPTED, "the partner is gone");
        assertThat(actions).hasSize(2).last().isEqualTo(new VerifyAction.Finished());
        assertThat(run.findings()).extracting(Finding::outcome).containsExactly(Finding.Outcome.NOT_REPAIRED);
        assertThat(run.mended(0, "", now)).as("too late").isEmpty();
        assertThat(run.tick(now)).isEmpty();
        assertThat(run.stop(Result.CANCELLED, "again")).isEmpty();
        assertThat(run.result()).isEqualTo(Result.INTERRUPTED);
    }

    @Test
    void guestKeepsItsShareOfTheDisk() {
        run = new VerifyRun(new Order(0, 3, true, 0.25, Long.MAX_VALUE), DISK, now);
        run.tick(now);
        LogPosition at = new LogPosition(4, 1);
        run.theirs(at, hashes(0, theirs, 0), KnownBlocks.NOTHING, now);
        now += 3 * MILLI;
        assertThat(run.ours(at, hashes(0, ours, 0), KnownBlocks.NOTHING, 2 * MILLI, now)).noneMatch(VerifyAction.Compare.class::isInstance);
        assertThat(run.tick(7L * MILLI)).as("2 ms of 8 are a quarter").isEmpty();
        assertThat(run.tick(8L * MILLI)).containsExactly(new VerifyAction.Compare(1));
    }

    @Test
    void rateIsKept() {
        run = new VerifyRun(new Order(0, 3, true, 1, 40 << 20), DISK, now);
        run.tick(now);
        LogPosition at = new LogPosition(4, 1);
        run.theirs(at, hashes(0, theirs, 0), KnownBlocks.NOTHING, now);
        run.ours(at, hashes(0, ours, 0), KnownBlocks.NOTHING, 1, now);
        assertThat(run.tick(99L * MILLI)).isEmpty();
        assertThat(run.tick(100L * MILLI)).containsExactly(new VerifyAction.Compare(1));
    }

    @Test
    void onePartOfTheDiskIsCompared() {
        run = new VerifyRun(new Order(2, 3, true, 1, Long.MAX_VALUE), DISK, now);
        assertThat(run.bytesTotal()).isEqualTo(2 * BLOCK + 4096);
        theirs.put(0L, 8L);
        serve();
        assertThat(run.found()).isZero();
        assertThat(run.bytesDone()).isEqualTo(run.bytesTotal());
        assertThatIllegalArgumentException().isThrownBy(
                () -> new VerifyRun(new Order(2, 4, true, 1, 1), DISK, now));
        assertThatIllegalArgumentException().isThrownBy(() -> new Order(2, 2, true, 1, 1));
    }

    @Property(tries = 300)
    void anyDifferencesEndRepairedAndEachIsFoundOnce(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        long[] all = random.longs(1 + random.nextInt(40), 0, 131).distinct().toArray();
        for (long block : all) {
            boolean here = random.nextBoolean();
            (here ? ours : theirs).put(block, 8L + random.nextInt(5));
            if (random.nextBoolean()) {
                (random.nextBoolean() ? known : knownThere).put(block, 7L);
            }
        }
        begin(true);
        serve();
        assertThat(run.result()).as("seed %d", seed).isEqualTo(Result.DONE);
        assertThat(run.findings()).as("seed %d", seed).extracting(finding -> finding.offset() / BLOCK)
                .containsExactlyInAnyOrder(Arrays.stream(all).boxed().toArray(Long[]::new));
        assertThat(run.repaired()).isEqualTo(all.length);
        for (long block : all) {
            assertThat(ours.getOrDefault(block, 7L)).as("seed %d, block %d", seed, block)
                    .isEqualTo(theirs.getOrDefault(block, 7L));
            if (known.containsKey(block) || knownThere.containsKey(block)) {
                assertThat(ours.getOrDefault(block, 7L)).as("seed %d, block %d", seed, block).isEqualTo(7L);
            }
        }
        ours.clear();
        theirs.clear();
        known.clear();
        knownThere.clear();
        seen.clear();
        seq = 0;
        now = 0;
    }
}
