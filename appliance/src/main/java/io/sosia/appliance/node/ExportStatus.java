package io.sosia.appliance.node;

/// How an export of a node's disk stands.
///
/// @param id           names it to those who may keep it alive or end it
/// @param uri          where NBD clients find it
/// @param diskBytes    size of the disk
/// @param sentBytes    bytes of the disk that clients have got
/// @param clients      connected now
/// @param sideBytes    old content put aside so far
/// @param sideBytesMax what may be put aside; 0 when the file system shares blocks and nothing needs to be
/// @param ended        why it can be read no more; empty while it can
public record ExportStatus(String id, String uri, long diskBytes, long sentBytes, int clients, long sideBytes,
                           long sideBytesMax, String ended) {}
