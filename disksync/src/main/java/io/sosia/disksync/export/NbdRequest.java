package io.sosia.disksync.export;

/// A request as a client has sent it; nothing is checked yet.
///
/// @param cookie what its reply has to carry
/// @param offset first byte, anything
/// @param length bytes, 0 to 2^32 - 1
record NbdRequest(int flags, int type, long cookie, long offset, long length) {
}
