/// Moves log, receipts and heartbeats between the two nodes of a pair.
///
/// One TCP link at a time, on one event loop, which is also the thread of the `pair.PairCore` it serves: a message is
/// decoded, decided upon and answered without changing threads. Decides nothing itself. Imports Netty, `eventlog`,
/// `pair`'s messages and `tls`.
package io.sosia.appliance.channel;
