/// Holds the third party of a pair: a small replicated table that says which node may be live.
///
/// `client` and `server` use `wire` and `identity`, which use `claim`; nothing here imports another module.
package io.sosia.witness;
