/// The bytes of a resync stream: what a source and a target say to each other.
///
/// Imports `disksync.block`, `disksync.resync` and Netty's buffers.
package io.sosia.disksync.wire;
