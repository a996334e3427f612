/// Translates virtual addresses: Sv39 walks, and tables of what they found that memory writes keep coherent, so that they are invisible.
///
/// Imports `machine.memory`.
package io.sosia.appliance.machine.mmu;
