/// Answers the guest's firmware calls (RISC-V SBI 2.0): the machine is its own firmware.
///
/// Imports `machine.cpu`, `machine.device` and `machine.memory`.
package io.sosia.appliance.machine.sbi;
