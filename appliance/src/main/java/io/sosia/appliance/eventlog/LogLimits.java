package io.sosia.appliance.eventlog;

import io.sosia.appliance.machine.port.MachineInput;

/// How large the parts of a log may be. Writer and reader check the same limits.
public final class LogLimits {

    /// Ethernet frame without FCS, in bytes.
    public static final int FRAME_BYTES_MIN = 14;
    public static final int FRAME_BYTES_MAX = 65_550;

    /// Frames that may be delivered by one input.
    public static final int FRAMES_PER_ENTRY_MAX = 256;

    /// Console bytes of one input.
    public static final int CONSOLE_BYTES_MAX = 4_096;

    /// Random bytes of one input.
    public static final int ENTROPY_BYTES_MAX = 65_536;

    /// Data of one completed read, in bytes.
    public static final int DISK_BYTES_MAX = 64 << 20;

    /// Bytes of a disk verified by one entry, and repaired by one.
    public static final int VERIFY_BYTES_MAX = 4 << 20;
    public static final int REPAIR_BYTES_MAX = 64 << 10;

    /// Entries of one batch.
    public static final int ENTRIES_PER_BATCH_MAX = 65_536;

    /// Encoded bytes of one batch: room for the largest read and what goes with it.
    public static final int BATCH_BYTES_MAX = DISK_BYTES_MAX + (32 << 20);

    private LogLimits() {}

    /// Checks that an input fits into the log.
    ///
    /// @throws IllegalArgumentException naming the part and its limit
    public static void check(MachineInput input) {
        switch (input) {
            case MachineInput.FramesIn in -> {
                limit("frames of one entry", in.frames().size(), 1, FRAMES_PER_ENTRY_MAX);
                for (byte[] frame : in.frames()) {
                    limit("frame bytes", frame.length, FRAME_BYTES_MIN, FRAME_BYTES_MAX);
                }
            }
            case MachineInput.ConsoleIn in -> limit("console input bytes", in.bytes().length, 1, CONSOLE_BYTES_MAX);
            case MachineInput.DiskCompleted in -> limit("disk data bytes", in.data().length, 0, DISK_BYTES_MAX);
            case MachineInput.Entropy in -> limit("entropy bytes", in.bytes().length, 1, ENTROPY_BYTES_MAX);
            case MachineInput.PowerOn in -> limit("seed bytes", in.seed().length, 32, 256);
            case MachineInput.ClockAdjust _ -> { }
        }
    }

    static void limit(String what, int got, int min, int max) {
        if (got < min || got > max) {
            throw new IllegalArgumentException(what + ": " + got + ", expected " + min + " to " + max);
        }
    }
}
