package io.sosia.disksync.store;

import io.sosia.disksync.block.ByteRange;
import java.io.IOException;

/// Told of every change of a disk's content, on the thread that makes it: for whoever follows the disk while it is in use.
///
/// A change is told twice because both moments matter. Who copies what is about to be overwritten needs the first; who reads
/// blocks to send them elsewhere has to look again after the second, since a block read in between holds old and new bytes.
public interface WriteObserver {
    /// `range` is about to change; it still holds the old bytes until this returns.
    ///
    /// @throws IOException to refuse the change: it is not carried out, and whoever asked for it gets this
    void before(ByteRange range) throws IOException;

    /// `range` has changed, or may have: also called when the change has failed.
    void after(ByteRange range);
}
