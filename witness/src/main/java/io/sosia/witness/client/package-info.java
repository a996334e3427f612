/// Asks the witness: with bounded retries, kept warm, and never waiting without end.
///
/// Imports `claim`, `wire` and `identity`.
package io.sosia.witness.client;
