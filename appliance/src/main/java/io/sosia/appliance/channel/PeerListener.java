package io.sosia.appliance.channel;

import io.sosia.appliance.pair.PeerMessage.Envelope;

/// Told what happens on the link, always on its event loop.
public interface PeerListener {

    /// Our dialling has reached the partner: the link is up, say Hello.
    void dialled();

    /// One message. The first on an accepted link is a Hello.
    void received(Envelope envelope);

    /// All that had arrived has been given to [#received].
    void readComplete();

    /// The link went away without our closing it.
    void lost(String reason);
}
