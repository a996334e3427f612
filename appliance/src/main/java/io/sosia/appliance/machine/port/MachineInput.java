package io.sosia.appliance.machine.port;

import java.util.List;

/// What may enter a machine. An input is applied between two steps; the step it was applied at and the input itself are all
/// that a replay needs. Arrays are owned by the input once it is made: nobody changes them.
public sealed interface MachineInput {

    /// Switches the board on, or resets it: RAM, hart and devices start afresh from the same image. Steps and guest time go
    /// on counting.
    ///
    /// @param seed           entropy for `/chosen/rng-seed`, 32 to 256 bytes
    /// @param wallClockNanos nanoseconds since 1970-01-01 UTC that the guest's RTC shows at this step
    record PowerOn(byte[] seed, long wallClockNanos) implements MachineInput {
        public PowerOn {
            if (seed.length < 32 || seed.length > 256) {
                throw new IllegalArgumentException("seed of " + seed.length + " bytes, expected 32 to 256");
            }
        }
    }

    /// Ethernet frames that arrived together: delivered with one interrupt. Frames for which the guest has offered no buffer
    /// are dropped by the device, the same on every replay.
    ///
    /// @param frames whole frames without FCS, each 14 to 65,550 bytes, at least one
    record FramesIn(List<byte[]> frames) implements MachineInput {
        public FramesIn {
            frames = List.copyOf(frames);
            if (frames.isEmpty()) {
                throw new IllegalArgumentException("no frame in FramesIn");
            }
        }
    }

    /// Bytes typed on the console. The UART takes what its FIFO has room for; see `GuestMachine.consoleRoom`.
    record ConsoleIn(byte[] bytes) implements MachineInput {}

    /// A disk request has been carried out.
    ///
    /// @param requestId the id of the request in [MachineOutput]
    /// @param status    how it ended
    /// @param data      for a read that ended [DiskStatus#OK] exactly the bytes asked for, else empty
    record DiskCompleted(long requestId, DiskStatus status, byte[] data) implements MachineInput {}

    /// Sets the relation of guest time to steps from this step on.
    ///
    /// @param ticks            guest time now, in ticks of 100 ns; never less than what the guest could already read
    /// @param ticksPerStepQ32  ticks a step takes, times 2^32; at least 1, at most 2^36
    record ClockAdjust(long ticks, long ticksPerStepQ32) implements MachineInput {}

    /// Random bytes for the entropy device, answering [MachineOutput.EntropyWanted].
    record Entropy(byte[] bytes) implements MachineInput {}
}
