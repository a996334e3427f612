package io.sosia.appliance.eventlog;

import com.dynatrace.hash4j.hashing.Hashing;
import io.sosia.appliance.machine.port.MachineOutput;

/// How much a machine has sent to the outside over its whole life, and a hash of it: the place in its output stream.
/// How console bytes were cut into pieces does not show.
///
/// @param consoleBytes bytes written to the console
/// @param consoleHash  FNV-1a (32 bit) of them
/// @param frames       Ethernet frames sent
/// @param frameBytes   bytes in them
/// @param ends         times the guest switched itself off or asked for a restart
/// @param eventHash    chained hash of frames and ends, in order
public record OutputTotals(
        long consoleBytes, int consoleHash, long frames, long frameBytes, long ends, int eventHash) {

    private static final int FNV_BASIS = 0x811c9dc5;
    private static final int FNV_PRIME = 0x01000193;

    /// A machine that has said nothing yet.
    public static final OutputTotals NONE = new OutputTotals(0, FNV_BASIS, 0, 0, 0, 0);

    public OutputTotals {
        if (consoleBytes < 0 || frames < 0 || frameBytes < 0 || ends < 0) {
            throw new IllegalArgumentException("output totals below 0: console " + consoleBytes + ", frames " + frames
                    + ", frame bytes " + frameBytes + ", ends " + ends);
        }
    }

    /// The totals after one more output. Outputs that are not external change nothing.
    ///
    /// @throws IllegalStateException when console bytes do not follow the ones before
    public OutputTotals plus(MachineOutput output) {
        return switch (output) {
            case MachineOutput.ConsoleOut(long offset, byte[] bytes) -> plusConsole(offset, bytes);
            case MachineOutput.FrameOut(byte[] frame) -> new OutputTotals(consoleBytes, consoleHash, frames + 1,
                    frameBytes + frame.length, ends, chain(Hashing.xxh3_64().hashBytesToLong(frame)));
            case MachineOutput.PowerOff(boolean failure) -> plusEnd(failure ? 2 : 1);
            case MachineOutput.ResetRequested(boolean failure) -> plusEnd(failure ? 4 : 3);
            case MachineOutput.DiskRequest _, MachineOutput.EntropyWanted _ -> this;
        };
    }

    private OutputTotals plusConsole(long offset, byte[] bytes) {
        if (offset != consoleBytes) {
            throw new IllegalStateException("console bytes at offset " + offset + ", expected " + consoleBytes);
        }
        int hash = consoleHash;
        for (byte b : bytes) {
            hash = (hash ^ (b & 0xff)) * FNV_PRIME;
        }
        return new OutputTotals(consoleBytes + bytes.length, hash, frames, frameBytes, ends, eventHash);
    }

    private OutputTotals plusEnd(int kind) {
        return new OutputTotals(consoleBytes, consoleHash, frames, frameBytes, ends + 1, chain(kind));
    }

    /// Murmur3's finaliser over the hash so far and the new event: cheap, and order matters.
    private int chain(long event) {
        long h = (eventHash & 0xffff_ffffL) * 0x9e37_79b9_7f4a_7c15L + event;
        h = (h ^ h >>> 33) * 0xff51_afd7_ed55_8ccdL;
        h = (h ^ h >>> 33) * 0xc4ce_b9fe_1a85_ec53L;
        return (int) (h ^ h >>> 33);
    }

    @Override
    public String toString() {
        return "console %d bytes (%08x), %d frames of %d bytes and %d ends (%08x)"
                .formatted(consoleBytes, consoleHash, frames, frameBytes, ends, eventHash);
    }
}
