package io.sosia.appliance.clone;

import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.machine.port.MachineImage;

/// One piece of what a primary sends to the node it takes in. Pages may come again, the later ones count; the [Cut] comes last.
public sealed interface ClonePart {

    /// Bytes of payload in one part at most; a state longer than that comes in several.
    int PAYLOAD_BYTES_MAX = 1 << 20;

    /// Pages of RAM.
    ///
    /// @param pages numbers of the pages, each not negative; of a page of zeroes its complement (`~page`)
    /// @param bytes the pages that are not zero, in the same order, 4096 bytes each
    record Pages(int[] pages, byte[] bytes) implements ClonePart {
        public Pages {
            int filled = 0;
            for (int page : pages) {
                filled += page >= 0 ? 1 : 0;
            }
            if (bytes.length != filled * MachineImage.PAGE_BYTES) {
                throw new IllegalArgumentException(filled + " pages in " + bytes.length + " bytes, expected "
                        + filled * MachineImage.PAGE_BYTES);
            }
        }
    }

    /// Bytes of the disk as they are at the cut.
    ///
    /// @param offset of the first byte, in whole sectors
    record Blocks(long offset, byte[] bytes) implements ClonePart {
        public Blocks {
            if (offset < 0 || (offset | bytes.length) % 512 != 0) {
                throw new IllegalArgumentException("blocks of " + bytes.length + " bytes at " + offset
                        + ", expected whole sectors");
            }
        }
    }

    /// The next bytes of the machine's state without its RAM.
    record State(byte[] bytes) implements ClonePart {}

    /// The machine's state at `point` is complete; the log goes on from there.
    ///
    /// @param point      where the run stands
    /// @param stateBytes length of the state sent, all parts together
    record Cut(RunPoint point, int stateBytes) implements ClonePart {
        public Cut {
            if (stateBytes < 0) {
                throw new IllegalArgumentException("state of " + stateBytes + " bytes, expected nothing below 0");
            }
        }
    }
}
