package io.sosia.appliance.attach;

import java.util.List;

/// The machine's one network cable: frames go out by [#send], frames from outside arrive in the [FrameInbox] the
/// uplink was made with.
///
/// Sending never waits and never fails loudly: a network may lose frames, and the guest's own protocols repair that.
/// What was dropped is counted.
public interface Uplink extends AutoCloseable {
    /// Sends one Ethernet frame (without frame check sequence), which the caller must not change afterwards. Any
    /// thread.
    ///
    /// @return false when it was dropped: no peer, queue full, or closed
    boolean send(byte[] frame);

    /// Sends frames in order and as close together as the medium allows (a stream: in one write, when they fit).
    /// [OutboundFlows#goLiveFrames()] needs that. Any thread.
    ///
    /// @return how many were not dropped
    int sendTogether(List<byte[]> frames);

    /// True while frames have somewhere to go.
    boolean isUp();

    /// Frames of ours that were dropped since the start.
    long droppedOutbound();

    /// What this is, for diagnostics: `unix:/run/sosia/lan`, `tap:sosia0`.
    String describe();

    /// Ends the connection and its thread; returns when both are gone. May be called twice.
    @Override
    void close();
}
