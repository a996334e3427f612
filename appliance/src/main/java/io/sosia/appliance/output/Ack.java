package io.sosia.appliance.output;

import io.sosia.appliance.eventlog.LogPosition;
import java.util.UUID;

/// A backup's receipt: it holds every entry of the log up to a position.
///
/// @param epoch       the epoch the backup follows
/// @param incarnation which life of the backup's process says so
/// @param received    position of the last entry it holds
public record Ack(long epoch, UUID incarnation, LogPosition received) {}
