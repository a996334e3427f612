/// Says who is at the other end of a connection, by the name in its certificate.
///
/// Imports `claim` for names, Ratis's settings and the JDK. Files, certificates and their issue are elsewhere: whoever uses the witness brings a key
/// manager and a trust manager along.
package io.sosia.witness.identity;
