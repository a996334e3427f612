/// Says how a part of the machine writes its state and reads it back.
///
/// Imports only the JDK.
package io.sosia.appliance.machine.state;
