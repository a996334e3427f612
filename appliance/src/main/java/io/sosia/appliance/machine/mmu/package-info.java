/// Translates virtual addresses: Sv39 walks, and a TLB that memory writes keep coherent, so that it is invisible.
///
/// Imports `machine.memory`.
package io.sosia.appliance.machine.mmu;
