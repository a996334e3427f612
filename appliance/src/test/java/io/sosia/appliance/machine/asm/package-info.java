/// Assembles RV64GC programs for tests and benchmarks.
///
/// Imports only the JDK.
package io.sosia.appliance.machine.asm;
