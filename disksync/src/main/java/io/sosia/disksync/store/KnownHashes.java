package io.sosia.disksync.store;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.KnownBlocks;
import java.io.IOException;
import java.util.BitSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What this disk should hold: hashes of blocks that held the same as the partner's when both were compared, and of which nobody
/// has asked to change them since. They tell whose disk has changed by itself when the two differ.
///
/// They stand in the metadata, an extent in a row, and cost a write nothing: a row is true of a cold extent as it stands. Of a hot
/// one, which the activity log names, durably, since before the first write to it, it is true but for the blocks written since,
/// which the activity log keeps in memory; the change that makes the extent cold takes them off the row, and after a crash
/// the rows of all hot extents are dropped. Not thread-safe: its owner guards it.
final class KnownHashes {
    private static final Logger DIAGNOSTICS = LoggerFactory.getLogger(KnownHashes.class);

    private final Metadata meta;
    private ExtentLook look;
    /// By extent: nothing is known of it since a resync has written there.
    private final BitSet received = new BitSet();

    KnownHashes(Metadata meta) {
        this.meta = meta;
    }

    /// See [DiskStore#look].
    ///
    /// @param written blocks written since the extent became hot, or since its row was last stored
    ExtentLook look(long extent, long written) {
        look = new ExtentLook(extent, row(extent).without(written));
        return look;
    }

    /// A write is about to begin.
    void wrote(ByteRange range) {
        if (look != null) {
            look.wrote(range);
        }
    }

    /// Whether `of` is the last look: of an earlier one nobody knows what was written since.
    boolean isLast(ExtentLook of) {
        return of == look;
    }

    /// What is known after [DiskStore#know].
    KnownBlocks after(ExtentLook of, long written, long blocks, long[] hashes) {
        received.clear((int) of.extent());
        return row(of.extent()).without(written).with(blocks & of.unwritten(), hashes);
    }

    /// `change` makes the extent cold.
    void cooled(Metadata.Change change, long extent, long written) throws IOException {
        if (written == 0) {
            return;
        }
        try {
            KnownBlocks before = meta.hashes(extent);
            if ((before.blocks() & written) != 0) {
                change.hashes(extent, before.without(written));
            }
        } catch (IOException e) {
            // Nor may it say anything later.
            unreadable(extent, e);
            change.hashes(extent, KnownBlocks.NOTHING);
        }
    }

    /// A resync is about to begin: what it has received so far is nothing.
    void beginResync() {
        look = null;
        received.clear();
    }

    /// A resync is about to write here. Not durable at once: the rows of a disk in the midst of a resync are dropped when it is
    /// opened.
    void receiving(ByteRange range) throws IOException {
        for (long extent = range.firstExtent(); extent < range.endExtent(); extent++) {
            if (!received.get((int) extent)) {
                meta.forgetHashes(extent);
                received.set((int) extent);
            }
        }
    }

    /// A row that cannot be read says nothing, and does not keep a guest from writing.
    private KnownBlocks row(long extent) {
        try {
            return meta.hashes(extent);
        } catch (IOException e) {
            unreadable(extent, e);
            return KnownBlocks.NOTHING;
        }
    }

    private static void unreadable(long extent, IOException cause) {
        DIAGNOSTICS.warn("the known hashes of extent {} cannot be read: {}", extent, cause.getMessage());
    }
}
