/// Compares our hart with QEMU's on random programs: user-mode computation, and traps, CSRs and paging.
///
/// Imports `machine.asm`, and `machine.exec`'s test board.
package io.sosia.appliance.machine.conformance;
