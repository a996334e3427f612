/// Asks the witness: with bounded retries, kept warm, and never waiting without end.
///
/// Imports `claim` and `wire`.
package io.sosia.witness.client;
