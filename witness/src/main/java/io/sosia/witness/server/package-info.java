/// Keeps the table of claims on disk and on the network: a Raft group (Apache Ratis) around `claim`.
///
/// The group has one member. Imports `claim`, `wire` and `identity`.
package io.sosia.witness.server;
