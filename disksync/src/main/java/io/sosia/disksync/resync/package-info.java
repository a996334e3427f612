/// Decides what to copy next so that one disk becomes equal to another that is in use.
///
/// Pure: no clock, thread, random number, file or network; time is an argument. Imports `disksync.block`.
package io.sosia.disksync.resync;
