/// The local disk: data file + RocksDB metadata, crash-safe.
///
/// Imports `disksync.block`, RocksDB and SLF4J. Native calls (holes, shared blocks) are in [io.sosia.disksync.store.LinuxFile] only.
package io.sosia.disksync.store;
