package io.sosia.appliance.eventlog;

import io.sosia.appliance.machine.port.MachineOutput;

/// An external output together with its place in the log.
///
/// @param output frame, console bytes, power-off or reset
/// @param mark   position of the mark that closes it: a backup that holds the log up to there has the output's cause
public record MarkedOutput(MachineOutput output, LogPosition mark) {
    public MarkedOutput {
        if (!output.external()) {
            throw new IllegalArgumentException("only external outputs carry a mark, got " + output);
        }
    }

    /// Bytes it is counted as in bounded queues.
    public int weightBytes() {
        return weightBytes(output);
    }

    /// Bytes an output is counted as: a little more than its payload.
    public static int weightBytes(MachineOutput output) {
        int payload = switch (output) {
            case MachineOutput.FrameOut(byte[] frame) -> frame.length;
            case MachineOutput.ConsoleOut(long _, byte[] bytes) -> bytes.length;
            case MachineOutput.PowerOff _, MachineOutput.ResetRequested _ -> 0;
            case MachineOutput.DiskRequest _, MachineOutput.EntropyWanted _ -> 0;
        };
        return 64 + payload;
    }
}
