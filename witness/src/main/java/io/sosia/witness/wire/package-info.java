/// Turns commands, queries, answers and whole tables into versioned bytes and back.
///
/// The bytes are what nodes send and what the witness stores, so every version once released stays readable. Imports
/// `claim` only.
package io.sosia.witness.wire;
