package io.sosia.appliance.node;

import io.sosia.appliance.clone.ClonePart;
import java.io.IOException;

/// How a node's disk becomes that of the primary that takes it in. On the machine's thread.
interface DiskJoin {

    /// Takes blocks of the cut.
    void write(ClonePart.Blocks blocks) throws IOException;

    /// All of the cut is here: returns when the disk is equal to the primary's at the cut, durably, and says so.
    void complete() throws IOException;

    /// Digest of the image the primary's disk was made from.
    String content();

    /// For a machine without a disk.
    static DiskJoin none(String content) {
        return new DiskJoin() {
            @Override
            public void write(ClonePart.Blocks blocks) throws IOException {
                throw new IOException("blocks of a disk for a machine without one");
            }

            @Override
            public void complete() {}

            @Override
            public String content() {
                return content;
            }
        };
    }
}
