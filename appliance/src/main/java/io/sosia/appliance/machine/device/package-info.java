/// Holds the board's simple devices: interrupt controller, serial console and clock.
///
/// Imports `machine.bus`, `machine.state` and `machine.port`; hashes with hash4j.
package io.sosia.appliance.machine.device;
