package io.sosia.appliance.machine.translate;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.exec.TestBoard;
import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.isa.Decoder;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchesTest {

    private static final int A1 = 11;
    /// Most regions that eight batches of four hold.
    private static final int MOST = 32;
    private static final int SIZE = 4;

    private final Hart hart = new TestBoard().hart;
    private final Handover handover = new Handover(hart);
    private final Batches batches = new Batches(MOST);

    /// A region in the batch that adds a number to a register.
    private static Region adding(Batch batch, int number) {
        long word = Decoder.decode(number << 20 | A1 << 15 | A1 << 7 | 0x13);
        RegionPlan plan = new RegionPlan(0, List.of(new RegionPlan.Block(0, new long[] {word}, 0)), new int[] {0}, new int[] {1},
                new int[0], false);
        return batch.define(RegionCompiler.compile(Tier.QUICK, batch.name(), plan));
    }

    /// Regions in use that add 0, 1 and so on.
    private List<Region> asManyAsFit(RegionLoader loader) {
        List<Region> regions = IntStream.range(0, MOST).mapToObj(i -> adding(loader.batch(), i)).toList();
        regions.forEach(batches::add);
        return regions;
    }

    private int added(Dispatcher dispatcher, int place) {
        hart.registers()[A1] = 0;
        assertThat(dispatcher.run(0, 100, 0, place)).isEqualTo(99);
        assertThat(handover.pc).isEqualTo(4);
        return (int) hart.registers()[A1];
    }

    @Test
    void aBatchHasRoomForSoMany() {
        assertThat(batches.size()).isEqualTo(SIZE);
        assertThat(new Batches(2).size()).isEqualTo(1);
        assertThat(new Batches(12_288).size()).isEqualTo(256);
        RegionLoader loader = new RegionLoader(handover, SIZE);
        List<Batch> used = new ArrayList<>();
        for (int i = 0; i < 2 * SIZE; i++) {
            Batch batch = loader.batch();
            assertThat(adding(batch, i).place).isEqualTo(i % SIZE);
            used.add(batch);
        }
        assertThat(used).filteredOn(batch -> batch == used.getFirst()).hasSize(SIZE);
        assertThat(used).allMatch(Batch::isFull);
    }

    @Test
    void eachDispatcherCallsTheRegionAtThePlace() {
        Batch batch = new RegionLoader(handover, 64).batch();
        Dispatcher first = batch.dispatcher();
        List<Dispatcher> seen = new ArrayList<>(List.of(first));
        for (int i = 0; i < 64; i++) {
            adding(batch, i + 1);
            batch.improve(true);
            if (seen.getLast() != batch.dispatcher()) {
                seen.add(batch.dispatcher());
            }
            for (int place = 0; place <= i; place++) {
                assertThat(added(first, place)).isEqualTo(place + 1);
                assertThat(added(batch.dispatcher(), place)).isEqualTo(place + 1);
            }
        }
        assertThat(seen).extracting(each -> each.getClass().getSimpleName().replaceFirst("_.*", ""))
                .containsExactly("Dispatcher", "Direct16", "Direct24", "Direct36", "Direct54", "Direct64");
    }

    @Test
    void theDispatcherOfAsManyAsABatchHoldsIsSmallEnoughForTheJvmsCompiler() {
        int size = new Batches(1 << 16).size();
        Batch batch = new RegionLoader(handover, size).batch();
        List<Region> regions = IntStream.range(0, size).mapToObj(i -> adding(batch, 1)).toList();
        assertThat(RegionCompiler.codeBytes(DispatcherCompiler.compile("All", regions))).isLessThan(Tier.CODE_BYTES_MAX);
    }

    /// Else the JVM would take them for those that an earlier process left in the AOT cache.
    @Test
    void namesAreThisProcesss() {
        Batch batch = new RegionLoader(handover, SIZE).batch();
        assertThat(adding(batch, 1).getClass().getSimpleName()).isEqualTo("Quick0_" + Long.toHexString(hart.ram().address()));
    }

    @Test
    void aDispatcherWaitsForTheBatchToBeFullWhileThereIsOtherWork() {
        Batch batch = new RegionLoader(handover, SIZE).batch();
        Dispatcher first = batch.dispatcher();
        for (int i = 0; i < SIZE; i++) {
            assertThat(batch.dispatcher()).isSameAs(first);
            adding(batch, i);
            batch.improve(false);
        }
        assertThat(batch.dispatcher()).isNotSameAs(first);
    }

    @Test
    void regionsAreCalledAndCountedByNumber() {
        RegionLoader loader = new RegionLoader(handover, SIZE);
        List<Region> regions = asManyAsFit(loader);
        assertThat(regions).extracting(region -> region.number).doesNotHaveDuplicates();
        for (int i = 0; i < MOST; i++) {
            int number = regions.get(i).number;
            hart.registers()[A1] = 0;
            assertThat(batches.run(number, 0, 100, 0)).isEqualTo(99);
            assertThat(hart.registers()[A1]).isEqualTo(i);
            assertThat(batches.region(number)).isSameAs(regions.get(i));
            batches.tellAfter(number, 10);
            assertThat(batches.executed(number, 10)).isFalse();
            assertThat(batches.executed(number, 1)).isTrue();
            assertThat(batches.steps(number)).isEqualTo(11);
        }
    }

    @Test
    void theHalfOfTheBatchesThatHasBeenExecutedLeastIsIdle() {
        RegionLoader loader = new RegionLoader(handover, SIZE);
        List<Region> regions = asManyAsFit(loader);
        assertThat(batches.hasRoom(loader.batch())).isFalse();
        for (int i = 0; i < MOST; i++) {
            batches.executed(regions.get(i).number, i / SIZE % 2 == 0 ? 1_000_000 : 1_000);
        }
        List<Region> idle = batches.takeLeastExecuted();
        assertThat(idle).containsExactlyInAnyOrderElementsOf(regions.stream()
                .filter(each -> regions.indexOf(each) / SIZE % 2 != 0).toList());
        // Only what has been executed since counts.
        for (int i = 0; i < MOST; i++) {
            batches.executed(regions.get(i).number, i / SIZE % 2 == 0 ? 1_000 : 2_000);
        }
        assertThat(batches.takeLeastExecuted()).doesNotContainAnyElementsOf(idle);
    }

    @Test
    void aFullBatchWithoutARegionInUseMakesRoom() {
        RegionLoader loader = new RegionLoader(handover, SIZE);
        List<Region> regions = asManyAsFit(loader);
        Region late = adding(loader.batch(), 1);
        for (Region each : regions.subList(0, SIZE)) {
            assertThat(batches.hasRoom(late.batch)).isFalse();
            batches.executed(each.number, 1000);
            batches.remove(each);
        }
        assertThat(batches.hasRoom(late.batch)).isTrue();
        batches.add(late);
        assertThat(batches.steps(late.number)).as("steps of one that has the number anew").isZero();
        assertThat(batches.region(late.number)).isSameAs(late);
    }

    /// A batch may lose all its regions before it is full.
    @Test
    void aBatchThatWasEmptyBeforeItWasFullMakesRoom() {
        RegionLoader loader = new RegionLoader(handover, SIZE);
        Batch first = loader.batch();
        Region gone = adding(first, 0);
        batches.add(gone);
        batches.remove(gone);
        for (int i = 1; i < SIZE; i++) {
            adding(first, i);
        }
        IntStream.range(SIZE, MOST).mapToObj(i -> adding(loader.batch(), i)).forEach(batches::add);
        Region late = adding(loader.batch(), 1);
        assertThat(batches.hasRoom(late.batch)).isTrue();
        batches.add(late);
        assertThat(batches.region(late.number)).isSameAs(late);
        assertThat(first.number).isNegative();
        // What of it arrives later gets a number like any other.
        batches.takeLeastExecuted().forEach(batches::remove);
        batches.add(gone);
        assertThat(batches.region(gone.number)).isSameAs(gone);
        assertThat(batches.run(gone.number, 0, 100, 0)).isEqualTo(99);
    }

    @Test
    void aBatchIsCalledByItsBestDispatcher() {
        RegionLoader loader = new RegionLoader(handover, SIZE);
        Region first = adding(loader.batch(), 3);
        batches.add(first);
        Batch batch = first.batch;
        for (int i = 1; i < SIZE; i++) {
            adding(batch, 1);
        }
        batch.improve(false);
        batches.refresh(batch);
        hart.registers()[A1] = 0;
        assertThat(batches.run(first.number, 0, 100, 0)).isEqualTo(99);
        assertThat(hart.registers()[A1]).isEqualTo(3);
    }

    @Test
    void aBatchOutOfUseIsUnloaded() {
        RegionLoader loader = new RegionLoader(handover, SIZE);
        WeakReference<Batch> batch = used(loader);
        adding(loader.batch(), 1);
        for (int i = 0; i < 20 && batch.get() != null; i++) {
            System.gc();
        }
        assertThat(batch.get()).isNull();
    }

    private WeakReference<Batch> used(RegionLoader loader) {
        Batch batch = loader.batch();
        List<Region> regions = IntStream.range(0, SIZE).mapToObj(i -> adding(batch, i)).toList();
        batch.improve(false);
        regions.forEach(batches::add);
        regions.forEach(batches::remove);
        return new WeakReference<>(batch);
    }
}
