/// Runs a hart with hot guest code as JVM bytecode, bit by bit as the interpreter would: the engine that translates.
///
/// Imports `machine.exec` and what lies below it.
package io.sosia.appliance.machine.translate;
