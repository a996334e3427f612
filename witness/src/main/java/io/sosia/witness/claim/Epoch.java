package io.sosia.witness.claim;

/// The range of epochs. An epoch counts the changes of who may be live; it never goes back.
public final class Epoch {
    /// The epoch of a newly born pair.
    public static final long FIRST = 1;
    /// The last epoch, far above what a pair can reach by itself: one change a microsecond for 146,000 years.
    public static final long LAST = 1L << 62;

    private Epoch() {}

    /// Checks an epoch that some record may have.
    ///
    /// @throws IllegalArgumentException when it is not between `FIRST` and `LAST`
    static void check(long epoch) {
        if (epoch < FIRST || epoch > LAST) {
            throw new IllegalArgumentException("epoch " + epoch + " is not between " + FIRST + " and " + LAST);
        }
    }

    /// Checks an epoch that another epoch is to follow.
    ///
    /// @throws IllegalArgumentException when it is not between `FIRST` and `LAST - 1`
    static void checkHasNext(long epoch) {
        if (epoch < FIRST || epoch >= LAST) {
            throw new IllegalArgumentException("epoch " + epoch + " is not between " + FIRST + " and " + (LAST - 1));
        }
    }
}
