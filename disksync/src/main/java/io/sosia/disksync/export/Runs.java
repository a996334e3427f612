package io.sosia.disksync.export;

import java.util.ArrayList;
import java.util.List;

/// Gathers runs of equal allocation, up to a number of them.
final class Runs {
    private final List<Allocation> all = new ArrayList<>();
    private final int max;
    private long bytes;
    private boolean zero;

    Runs(int max) {
        this.max = max;
    }

    /// Adds a piece that follows the last one.
    ///
    /// @return false when it would be one run too many: it was not added
    boolean add(long length, boolean isZero) {
        if (bytes > 0 && isZero != zero) {
            if (all.size() + 1 >= max) {
                return false;
            }
            all.add(new Allocation(bytes, zero));
            bytes = 0;
        }
        zero = isZero;
        bytes += length;
        return true;
    }

    List<Allocation> all() {
        List<Allocation> result = new ArrayList<>(all);
        result.add(new Allocation(bytes, zero));
        return result;
    }
}
