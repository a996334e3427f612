package io.sosia.appliance.node;

import io.sosia.appliance.pair.PeerMessage.Invitation;
import java.io.IOException;
import java.util.function.Consumer;

/// Takes nobody in: a disk without its resync.
final class NoResyncYet implements DiskOffer {

    @Override
    public Sending send(Listener listener) throws IOException {
        throw new IOException("this node's disk cannot be sent yet");
    }

    @Override
    public DiskJoin join(Invitation invitation, Consumer<String> failed) {
        throw new IllegalStateException("invited to a disk that cannot be sent");
    }
}
