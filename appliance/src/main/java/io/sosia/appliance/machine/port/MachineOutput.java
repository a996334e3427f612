package io.sosia.appliance.machine.port;

import java.util.List;

/// What may leave a machine, in the order it was produced. External outputs fall under the output rule; the others go to the
/// own node only and are never held.
public sealed interface MachineOutput {

    /// Whether somebody outside the pair can see it, so that it has to wait for the backup.
    default boolean external() {
        return switch (this) {
            case FrameOut f -> true;
            case ConsoleOut c -> true;
            case PowerOff p -> true;
            case ResetRequested r -> true;
            case DiskRequest d -> false;
            case EntropyWanted e -> false;
        };
    }

    /// One Ethernet frame without FCS.
    record FrameOut(byte[] frame) implements MachineOutput {}

    /// Bytes written to the console.
    ///
    /// @param offset number of console bytes this machine had written before these, over its whole life: how they were cut
    ///               into pieces depends on when outputs were drained, their offsets do not
    record ConsoleOut(long offset, byte[] bytes) implements MachineOutput {}

    /// The guest has switched itself off (SBI SRST shutdown). The machine runs no further.
    ///
    /// @param failure whether the guest gave "system failure" as its reason
    record PowerOff(boolean failure) implements MachineOutput {}

    /// The guest wants to be restarted (SBI SRST reboot). The machine waits for [MachineInput.PowerOn].
    ///
    /// @param failure whether the guest gave "system failure" as its reason
    record ResetRequested(boolean failure) implements MachineOutput {}

    /// The entropy device has buffers to fill.
    ///
    /// @param bytes how many bytes are wanted at most
    record EntropyWanted(int bytes) implements MachineOutput {}

    /// A request to the guest's disk, answered by [MachineInput.DiskCompleted] with the same id. Ids count up from 0 over
    /// the life of the machine, resets included.
    sealed interface DiskRequest extends MachineOutput {
        long requestId();
    }

    /// @param offset byte offset, a multiple of 512
    /// @param length bytes, a multiple of 512, above 0
    record DiskRead(long requestId, long offset, int length) implements DiskRequest {}

    /// @param offset byte offset, a multiple of 512
    /// @param data   the guest's buffer as it was at submission, a multiple of 512 bytes
    record DiskWrite(long requestId, long offset, byte[] data) implements DiskRequest {}

    /// Everything written by requests completed before this one was submitted becomes durable.
    record DiskFlush(long requestId) implements DiskRequest {}

    /// The content of these ranges is of no more use (TRIM).
    record DiskDiscard(long requestId, List<ByteRange> ranges) implements DiskRequest {}

    /// These ranges read as zeroes afterwards; `unmap` allows the host to free them.
    record DiskWriteZeroes(long requestId, List<ByteRange> ranges, boolean unmap) implements DiskRequest {}

    /// @param offset first byte, a multiple of 512
    /// @param length bytes, a multiple of 512
    record ByteRange(long offset, long length) {}
}
