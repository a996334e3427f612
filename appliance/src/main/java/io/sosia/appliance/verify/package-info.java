/// Finds and mends what differs between the two nodes' disks, exactly, while they are in use.
///
/// Both nodes carry out the same requests in the same order, so at one place in the log both disks hold the same bytes. A
/// verify entry in the log makes both hash one extent at that very place; only a disk that has changed by itself, or that did
/// something else than it was asked, gives another hash. `VerifyRun` decides what to hash next and what to do about a
/// difference; who hashes is `disk`, who carries the entries is `node`.
///
/// Pure. Imports `eventlog`, `machine.port` and the units of `disksync.block`.
package io.sosia.appliance.verify;
