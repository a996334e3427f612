/// Says what is written about a run: the entries of the event log, their positions and their bytes.
///
/// Pure. Imports `machine.port`, and hash4j for the hash of the output stream.
package io.sosia.appliance.eventlog;
