/// Decides who is live: a pure state machine for each node of a pair.
///
/// `PairMachine.step(state, event, now)` gives the next state and the actions to carry out; it knows no socket,
/// thread or clock. The witness's record is `io.sosia.witness.claim.PairRecord`; claims go out as actions and come
/// back as events. Imports the JDK, `io.sosia.witness.claim`, `eventlog`, `output`, `clone` and
/// what `verify` and `disksync.block` call hashes.
package io.sosia.appliance.pair;
