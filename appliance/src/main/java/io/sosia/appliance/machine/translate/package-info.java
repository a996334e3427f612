/// Runs a hart with hot guest code as JVM bytecode, bit by bit as the interpreter would: the engine that translates.
///
/// Code that the interpreter has jumped to often is asked for ([Translator]), planned ([RegionPlanner]), written as a class
/// ([RegionCompiler]) on another thread, taken into use ([Regions]) and executed ([Chain]) until a place is reached that no region
/// begins at, or that only the interpreter can execute. What is executed for long is planned once more, and better, by what was counted
/// meanwhile ([Tier]). Imports `machine.exec` and what lies below it.
package io.sosia.appliance.machine.translate;
