/// Speaks to the arbiter on the pair's behalf: carries claims to the witness and its answers back.
///
/// Imports `io.sosia.witness.client` and `.claim`; decides nothing.
package io.sosia.appliance.arbiter;
