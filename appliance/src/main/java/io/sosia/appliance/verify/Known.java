package io.sosia.appliance.verify;

/// What is known, from an earlier comparison, that the primary's disk should hold in an extent: both nodes had the same bytes
/// there, and nothing has asked to change them since.
///
/// @param blocks the blocks of which it is known, one bit each, bit 0 the lowest
/// @param hashes their hashes, by block; meaningless for the others
public record Known(long blocks, long[] hashes) {

    /// Nothing is known.
    public static final Known NOTHING = new Known(0, new long[0]);

    boolean of(int block, long hash) {
        return (blocks >>> block & 1) != 0 && hashes[block] == hash;
    }
}
