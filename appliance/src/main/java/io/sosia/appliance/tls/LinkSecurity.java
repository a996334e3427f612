package io.sosia.appliance.tls;

import io.netty.channel.ChannelPipeline;
import java.util.function.Consumer;

/// What is done to a new connection between two nodes before anything is read from it or written to it: it puts its handler at the
/// pipeline's end.
///
/// @param accepted  to a connection that came in
/// @param dialled   to one that went out
/// @param encrypted whether that is TLS
public record LinkSecurity(Consumer<ChannelPipeline> accepted, Consumer<ChannelPipeline> dialled, boolean encrypted) {

    /// Nothing: everybody can read along, and call himself the partner.
    public static final LinkSecurity OFF = new LinkSecurity(_ -> { }, _ -> { }, false);
}
