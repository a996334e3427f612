/// Decides which node of a pair may be live, and in which epoch.
///
/// Pure: no clock, thread, random, I/O, identity hash or iteration over unordered sets; the same commands in the same
/// order give the same table and the same answers on every witness. Imports `java.util` only.
package io.sosia.witness.claim;
