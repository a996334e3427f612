package io.sosia.disksync.service;

import io.netty.channel.ChannelPipeline;
import java.util.function.Consumer;

/// What a connection of a resync has to pass, and who is told when one does not. Any thread may be the one that tells.
///
/// @param secure  puts its handler, say TLS, at the end of a new connection's pipeline
/// @param refused told of each connection that was turned away
public record Entrance(Consumer<ChannelPipeline> secure, Runnable refused) {

    /// Everybody gets as far as the session, and may read along.
    public static final Entrance OPEN = new Entrance(_ -> { }, () -> { });
}
