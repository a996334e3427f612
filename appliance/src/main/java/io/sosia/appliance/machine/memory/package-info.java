/// Holds the guest's RAM and remembers which pages were written.
///
/// Imports only the JDK and `machine.state`.
package io.sosia.appliance.machine.memory;
