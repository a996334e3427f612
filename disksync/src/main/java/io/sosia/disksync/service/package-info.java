/// The two ends of a resync: connections, threads and files around the state machine of `disksync.resync`.
///
/// Imports the rest of `disksync`, Netty, hash4j and SLF4J. Files are never read or written on an event loop.
package io.sosia.disksync.service;
