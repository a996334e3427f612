/// Speaks to the arbiter on the pair's behalf: carries claims to the witness, or to a directory on shared storage, and the answers back.
///
/// Imports `io.sosia.witness.client`, `.claim` and `.wire`. Decides nothing: also over a shared directory the rules are `ClaimTable`'s.
package io.sosia.appliance.arbiter;
