/// Lets others have a disk as it was at one moment, over NBD or as an image file, while it goes on being written.
///
/// Imports `disksync.block`, `disksync.store`, Netty and SLF4J. The view of the past is [io.sosia.disksync.export.PointInTimeView];
/// the server ([io.sosia.disksync.export.NbdServer]) knows nothing of how it is kept. What a client can cause is bounded: one
/// request at a time and about 1 MiB of memory for each connection, a fixed number of connections and of threads.
package io.sosia.disksync.export;
