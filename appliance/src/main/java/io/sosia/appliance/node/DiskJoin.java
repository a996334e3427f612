package io.sosia.appliance.node;

import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.eventlog.LogPosition;
import java.io.IOException;

/// How a node's disk becomes that of the primary that takes it in. On the machine's thread.
interface DiskJoin {

    /// Begins to receive it; before anything else.
    void begin() throws IOException;

    /// Takes blocks of the cut.
    void write(ClonePart.Blocks blocks) throws IOException;

    /// All of the cut is here: returns when the disk is equal to the primary's at this place in the log, durably.
    void complete(LogPosition cut) throws IOException;

    /// Gives up what [#begin] began; after [#complete] it does nothing.
    void abandon();

    /// Digest of the image the primary's disk was made from.
    String content();

    /// For a machine without a disk.
    static DiskJoin none(String content) {
        return new DiskJoin() {
            @Override
            public void begin() {}

            @Override
            public void abandon() {}

            @Override
            public void write(ClonePart.Blocks blocks) throws IOException {
                throw new IOException("blocks of a disk for a machine without one");
            }

            @Override
            public void complete(LogPosition cut) {}

            @Override
            public String content() {
                return content;
            }
        };
    }
}
