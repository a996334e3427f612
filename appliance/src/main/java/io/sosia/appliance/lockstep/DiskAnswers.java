package io.sosia.appliance.lockstep;

import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;

/// What a replaying node knows of its own disk. A completion in the log is applied only when the own disk has carried
/// out the same request, so that a node that goes live has every write and flush its guest saw (architecture, "Disk
/// determinism").
@FunctionalInterface
public interface DiskAnswers {

    /// For a recording that is replayed without its disk: everything needed is in the log.
    DiskAnswers FROM_LOG = _ -> new Answer.NoDisk();

    /// How far the own disk is with a request handed to it before. Once [Answer.Done] has been given, the replayer
    /// asks no more about that request. Never asked for a read whose data is in the log.
    Answer ask(DiskRequest request);

    /// The state of one request.
    sealed interface Answer {

        /// Under way: ask again later.
        record Pending() implements Answer {}

        /// Carried out (a flush: durable), or failed for good after retries.
        ///
        /// @param data for a read that ended [DiskStatus#OK] its bytes, else empty
        record Done(DiskStatus status, byte[] data) implements Answer {}

        /// This node does not carry out this request; take what the log says.
        record NoDisk() implements Answer {}
    }
}
