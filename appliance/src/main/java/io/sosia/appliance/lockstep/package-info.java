/// Makes a run repeatable and repeats it: recorder, replayer, guest time.
///
/// Pure. Imports `eventlog` and `machine.port`; guest time also `machine.cpu.GuestClock`.
package io.sosia.appliance.lockstep;
