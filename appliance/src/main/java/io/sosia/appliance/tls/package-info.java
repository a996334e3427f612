/// Proves who this node or witness is, and lets in only whom it expects: mutual TLS 1.3 between identities, not addresses.
///
/// A small certificate authority of the operator's own ([Authority]) signs one certificate per member, which names a node of a pair or
/// a witness ([io.sosia.witness.identity.Identity]). [Tls] reads a member's folder, again within a second when its files have changed ([MemberWatch]), and makes
/// from it what Netty and Ratis want. Imports Netty, Bouncy Castle (to issue; not to run) and the witness's names.
package io.sosia.appliance.tls;
