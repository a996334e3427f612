/// Shows the product's main job on this machine, with real processes: a pair whose primary is killed while a client
/// counts.
///
/// Starts witness, network and nodes as children of this process, by the same command lines an operator would use, so
/// nothing here reaches into a node: it asks over the control API and talks to the guest over TCP. Imports `attach`,
/// `control`, `image` and what of `node` a status is made of.
package io.sosia.appliance.demo;
