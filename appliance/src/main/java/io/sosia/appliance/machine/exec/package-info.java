/// Runs the hart to an exact step: the seam every engine implements, and the pre-decoded interpreter.
///
/// Imports `machine.cpu`, `machine.isa`, `machine.mmu` and `machine.memory`.
package io.sosia.appliance.machine.exec;
