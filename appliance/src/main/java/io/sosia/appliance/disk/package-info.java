/// Carries out disk requests on `disksync`.
///
/// Imports `machine.port`, `verify`, `disksync.block` and `disksync.store`. Its threads touch the disk and nothing else of the node: a
/// completion leaves through the receiver it was given.
package io.sosia.appliance.disk;
