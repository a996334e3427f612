/// Holds the hart: registers, CSRs, privilege, traps and guest time.
///
/// Imports `machine.port`, `machine.memory`, `machine.isa`, `machine.fpu`, `machine.state`, and its neighbours `machine.mmu` and `machine.bus`.
package io.sosia.appliance.machine.cpu;
