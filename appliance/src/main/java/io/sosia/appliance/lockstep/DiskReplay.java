package io.sosia.appliance.lockstep;

import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput.DiskCompleted;
import io.sosia.appliance.machine.port.MachineOutput.DiskRead;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;

/// What to do with a logged completion, given what the own disk says. Pure decision, no state.
sealed interface DiskReplay {

    /// Apply this.
    record Apply(DiskCompleted completed) implements DiskReplay {}

    /// The own disk is not there yet.
    record Wait() implements DiskReplay {}

    /// The own disk failed what the primary's did.
    record Failed(DiskStatus status) implements DiskReplay {}

    /// The log cannot belong to this run.
    record Wrong(String expected, String got) implements DiskReplay {}

    /// Bytes a completion of `request` carries.
    static int dataBytes(DiskRequest request, DiskStatus status) {
        return request instanceof DiskRead read && status == DiskStatus.OK ? read.length() : 0;
    }

    static DiskReplay decide(DiskRequest request, DiskCompleted logged, DiskAnswers disk) {
        int wanted = dataBytes(request, logged.status());
        int inLog = logged.data().length;
        if (inLog > 0) {
            return inLog == wanted ? new Apply(logged)
                    : new Wrong(inLog + " bytes for disk request " + request.requestId(), "a request for " + wanted);
        }
        return switch (disk.ask(request)) {
            case DiskAnswers.Answer.Pending _ -> new Wait();
            case DiskAnswers.Answer.NoDisk _ -> wanted == 0 ? new Apply(logged)
                    : new Wrong("disk read " + request.requestId() + " answered by the own disk",
                    "a replay without a disk");
            case DiskAnswers.Answer.Done(DiskStatus status, byte[] data) -> {
                if (logged.status() != DiskStatus.OK) {
                    // The primary's guest saw a failure, so this one does, whatever its own disk made of it.
                    yield new Apply(logged);
                }
                if (status != DiskStatus.OK) {
                    yield new Failed(status);
                }
                if (data.length != wanted) {
                    throw new IllegalStateException("own disk gave " + data.length + " bytes for request "
                            + request.requestId() + ", expected " + wanted);
                }
                yield new Apply(new DiskCompleted(logged.requestId(), DiskStatus.OK, data));
            }
        };
    }
}
