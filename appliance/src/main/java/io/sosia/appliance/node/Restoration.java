package io.sosia.appliance.node;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.machine.cpu.GuestClock;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.snapshot.SnapshotFolder;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// A machine that goes on from a snapshot instead of booting.
///
/// @param point       where its run goes on, in the epoch of the life that begins
/// @param outageTicks how much guest time has to make up for since the snapshot, in ticks: one jump
record Restoration(RunPoint point, long outageTicks) {

    private static final Duration TICK = Duration.ofSeconds(1).dividedBy(GuestClock.TICKS_PER_SECOND);

    /// Reads what a node's folder holds of a snapshot into its machine, and forgets it there: with the first step the disk
    /// is not that snapshot's any more.
    ///
    /// @param machine just built
    /// @param epoch   of the life that begins
    /// @return empty when the folder holds none, and the machine is to boot
    /// @throws IOException when the machine cannot go on from there; the folder still holds it then
    static Optional<Restoration> into(GuestMachine machine, NodeHome home, long epoch) throws IOException {
        Optional<SnapshotFolder> from = home.restoration();
        if (from.isEmpty()) {
            return Optional.empty();
        }
        LogPosition last = from.get().header().point().last();
        if (last.epoch() >= epoch) {
            throw new IOException("it is of epoch " + last.epoch() + ", and the record's is " + epoch
                    + ", expected a later one");
        }
        try (InputStream in = new BufferedInputStream(Files.newInputStream(from.get().state()))) {
            machine.load(in);
        }
        home.forgetRestoration();
        Duration outage = Duration.between(from.get().header().savedAt(), Instant.now());
        return Optional.of(new Restoration(from.get().header().point().inEpoch(epoch),
                outage.isNegative() ? 0 : outage.dividedBy(TICK)));
    }
}
