/// Writes a run to a stream and reads it back: the file form of the event log, and its replay.
///
/// Holds no state of the machine and opens no files: streams are the caller's. Imports `eventlog`, `lockstep`,
/// `machine.port`.
package io.sosia.appliance.recording;
