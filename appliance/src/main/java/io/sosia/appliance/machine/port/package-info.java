/// Names all that may enter and leave a machine.
///
/// A machine is a pure function of its image and the ordered list of (step, input); what it produces is an ordered list of
/// outputs. These types are that boundary and nothing else. Imports only the JDK.
package io.sosia.appliance.machine.port;
