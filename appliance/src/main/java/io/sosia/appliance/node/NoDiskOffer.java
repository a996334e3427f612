package io.sosia.appliance.node;

import io.sosia.appliance.pair.PeerMessage.Invitation;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/// The part of a disk that is not there.
record NoDiskOffer(String content) implements DiskOffer {

    @Override
    public Sending send(Listener listener) {
        listener.near();
        return new Sending() {
            @Override
            public Invitation invitation() {
                return new Invitation(0, new UUID(0, 0), content);
            }

            @Override
            public void hold() {
                listener.held();
            }

            @Override
            public void release() {
                listener.near();
            }

            @Override
            public CloneFeed.DiskRest rest(int patience) {
                return () -> Optional.of(List.of());
            }

            @Override
            public CloneProgress progress(String phase) {
                return new CloneProgress(phase, "", 0, 0, 0);
            }

            @Override
            public double pace() {
                return 1.0;
            }

            @Override
            public void done() {}

            @Override
            public void abandon(String reason) {}
        };
    }

    @Override
    public void close() {}

    @Override
    public DiskJoin join(Invitation invitation, Consumer<String> failed) {
        return DiskJoin.none(invitation.content());
    }
}
