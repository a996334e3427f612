/// A machine and its disk at one place in the log, at rest: a folder that an operator keeps.
///
/// Imports `eventlog`, disksync's `export` and Jackson. How a machine is written and read is the machine's business.
package io.sosia.appliance.snapshot;
