/// Knows the RV64GC instruction set: decoding, and the arithmetic of instructions, shared by every engine.
///
/// Imports only the JDK.
package io.sosia.appliance.machine.isa;
