package io.sosia.appliance.node;

/// How a node knows whom it talks to, and whom it has turned away since it started.
///
/// @param encrypted            whether its connections to partner and witness are TLS; otherwise anybody may read along, and be anybody
/// @param certificateUntil     the end of its certificate's validity, in seconds since 1970-01-01 UTC; 0 without one
/// @param connectionsRefused   connections of somebody who was not the partner, on the link's and the resync's port
/// @param messagesDropped      messages of another epoch or another life, dropped on the link
public record TrustStatus(boolean encrypted, long certificateUntil, long connectionsRefused, long messagesDropped) {}
