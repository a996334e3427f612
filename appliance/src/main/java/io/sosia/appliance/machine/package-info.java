/// Wires the board: a machine from its parts, its device tree, its boot image, its snapshot and its digest.
///
/// Imports the packages below it (`machine.*`) and the JDK; nothing here does I/O of its own.
package io.sosia.appliance.machine;
