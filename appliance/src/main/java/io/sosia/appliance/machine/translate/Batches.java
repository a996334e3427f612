package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.memory.NativeMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/// The regions in use by their numbers, batch by batch, and the steps executed in each.
///
/// What is looked at for each lies close together: thousands may take turns.
final class Batches {

    /// Regions of a batch, as a power of two, and the batches there are at least, if there are as many regions.
    private static final int SHIFT_MAX = 8;
    private static final int BATCHES_MIN = 8;
    /// A new batch counts as if each of its regions had executed so many.
    private static final long GRACE_STEPS = 10_000;

    private final int shift;
    private final Batch[] batches;
    private final Dispatcher[] dispatchers;
    private final Region[] regions;
    /// By number: steps executed, and after how many that is worth telling.
    private final long[] steps;

    /// @param most regions held, 2 or more
    Batches(int most) {
        shift = Math.clamp(31 - Integer.numberOfLeadingZeros(Math.max(1, most / BATCHES_MIN)), 0, SHIFT_MAX);
        batches = new Batch[most >> shift];
        dispatchers = new Dispatcher[batches.length];
        regions = new Region[batches.length << shift];
        steps = new long[2 * regions.length];
    }

    /// Regions that a batch has room for.
    int size() {
        return 1 << shift;
    }

    /// Has a region executed, see [Region#run].
    int run(int number, long base, int left, long tables) {
        return dispatchers[number >> shift].run(base, left, tables, number & (1 << shift) - 1);
    }

    /// Counts steps executed in a region.
    ///
    /// @return whether it is worth telling
    boolean executed(int number, int count) {
        long sum = NativeMemory.get(steps, 2 * number) + count;
        NativeMemory.put(steps, 2 * number, sum);
        return sum > NativeMemory.get(steps, 2 * number + 1);
    }

    /// Steps executed in a region.
    long steps(int number) {
        return steps[2 * number];
    }

    /// Has it told when so many more steps have been executed in a region.
    void tellAfter(int number, long more) {
        steps[2 * number + 1] = steps[2 * number] + more;
    }

    /// The region of a number, or null.
    Region region(int number) {
        return regions[number];
    }

    /// Whether a region of the batch can be added.
    boolean hasRoom(Batch batch) {
        return batch.number >= 0 || free() >= 0;
    }

    /// A number that no batch has, or one without a region in use; negative if there is none.
    private int free() {
        for (int number = 0; number < batches.length; number++) {
            if (batches[number] == null || batches[number].inUse == 0) {
                return number;
            }
        }
        return -1;
    }

    /// Gives a region its number; there is room.
    void add(Region region) {
        Batch batch = region.batch;
        if (batch.number < 0) {
            int free = free();
            release(batches[free]);
            batch.number = free;
            batch.stepsBefore = -GRACE_STEPS << shift;
            batches[free] = batch;
            Arrays.fill(steps, 2 * free << shift, 2 * (free + 1) << shift, 0);
            refresh(batch);
        }
        batch.inUse++;
        int number = (batch.number << shift) + region.place;
        region.number = number;
        regions[number] = region;
        steps[2 * number + 1] = Long.MAX_VALUE;
    }

    /// Calls the batch's regions by the best dispatcher there is by now.
    void refresh(Batch batch) {
        if (batch.number >= 0) {
            dispatchers[batch.number] = batch.dispatcher();
        }
    }

    /// Takes a region's number away.
    void remove(Region region) {
        Batch batch = region.batch;
        batch.inUse--;
        regions[region.number] = null;
        region.number = -1;
        if (batch.inUse == 0 && batch.isFull()) {
            release(batch);
        }
    }

    private void release(Batch batch) {
        if (batch != null) {
            batches[batch.number] = null;
            dispatchers[batch.number] = null;
            batch.number = -1;
        }
    }

    /// The regions of the half of the batches that have been executed least since this was last asked, for which the count begins anew.
    List<Region> takeLeastExecuted() {
        List<Batch> all = Arrays.stream(batches).filter(Objects::nonNull)
                .sorted(Comparator.comparingLong(batch -> sum(batch) - batch.stepsBefore)).toList();
        List<Region> least = new ArrayList<>();
        for (Batch batch : all.subList(0, all.size() / 2)) {
            int first = batch.number << shift;
            Arrays.stream(regions, first, first + (1 << shift)).filter(Objects::nonNull).forEach(least::add);
        }
        for (Batch batch : all) {
            batch.stepsBefore = sum(batch);
        }
        return least;
    }

    private long sum(Batch batch) {
        int first = batch.number << shift;
        return IntStream.range(first, first + (1 << shift)).mapToLong(this::steps).sum();
    }
}
