/// Routes physical addresses outside RAM to the devices that answer there.
///
/// Imports only the JDK.
package io.sosia.appliance.machine.bus;
