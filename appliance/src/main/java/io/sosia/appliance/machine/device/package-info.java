/// Holds the board's simple devices: interrupt controller, serial console and clock.
///
/// Imports `machine.bus`, `machine.state`, `machine.port` and the guest's clock in `machine.cpu`.
package io.sosia.appliance.machine.device;
