package io.sosia.appliance.node;

import io.sosia.appliance.pair.PeerMessage.Invitation;
import java.io.IOException;
import java.util.function.Consumer;

/// The disk's part in taking a partner in, or in being taken in: the way from `disksync`'s resync to a node. On the event loop.
interface DiskOffer {

    /// Told about a disk on its way to the partner; on any thread.
    interface Listener {
        /// Nearly all of the disk is durable at the partner.
        void near();

        /// Nothing is on its way any more: what is left is known, until [Sending#release].
        void held();

        /// It cannot be sent.
        void failed(String reason);
    }

    /// A disk on its way to the partner.
    interface Sending {
        /// What the partner needs to find it.
        Invitation invitation();

        /// Send nothing new; answers [Listener#held].
        void hold();

        /// Go on sending.
        void release();

        /// What belongs to the cut; see [CloneFeed.DiskRest].
        ///
        /// @param patience 1 or above: so many times the usual amount may be left
        CloneFeed.DiskRest rest(int patience);

        CloneProgress progress(String phase);

        /// The share of time the machine may use, above 0 to 1: less when it writes faster than the disk is sent.
        double pace();

        /// The partner has all of it.
        void done();

        void abandon(String reason);
    }

    /// Offers this node's disk to the partner.
    ///
    /// @throws IOException when no address can be bound
    Sending send(Listener listener) throws IOException;

    /// Receives the primary's disk.
    ///
    /// @param failed told, on any thread, when it cannot be received
    DiskJoin join(Invitation invitation, Consumer<String> failed);

    /// Ends everything that was begun, and returns when nothing uses the disk any more. Any thread but the event loop.
    void close();

    /// For a machine without a disk.
    static DiskOffer none(String content) {
        return new NoDiskOffer(content);
    }
}
