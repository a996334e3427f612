/// Names and measures blocks and extents; dirty maps; generations; known hashes.
///
/// Pure: no clock, thread, random number, file or network. Imports nothing but the Java library's values and collections.
package io.sosia.disksync.block;
