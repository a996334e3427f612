/// Holds the guest's RAM and remembers which pages were written; memory outside the heap, for it and others of the machine.
///
/// Imports only the JDK and `machine.state`.
package io.sosia.appliance.machine.memory;
