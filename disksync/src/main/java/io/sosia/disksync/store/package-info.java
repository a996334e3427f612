/// The local disk: data file + RocksDB metadata, crash-safe.
///
/// Imports `disksync.block`, RocksDB and SLF4J. Native calls (hole punching) are in [io.sosia.disksync.store.LinuxFile] only.
package io.sosia.disksync.store;
