package io.sosia.appliance.node;

import java.util.List;

/// How the comparison of both disks stands that goes on now, or how the last one of this node's life ended.
///
/// @param number         counts up from 1 in a node's life; 0 when none was begun
/// @param purpose        `asked`, by an operator, or `scheduled`; `none`
/// @param state          `running`, `done`, `cancelled`, `interrupted` or `none`
/// @param reason         why it was ended before all was compared; else empty
/// @param repair         whether what differs is repaired
/// @param bytesTotal     bytes to be compared in all
/// @param bytesDone      of them, those that have been
/// @param bytesPerSecond since it began
/// @param found          blocks of 64 KiB in which the disks differed
/// @param repaired       of them, those that are the same again
/// @param findings       the first 1,000 of them
/// @param startedMicros  microseconds since 1970-01-01 UTC by this host's clock
/// @param endedMicros    likewise; 0 while it runs
public record VerifyStatus(
        long number,
        String purpose,
        String state,
        String reason,
        boolean repair,
        long bytesTotal,
        long bytesDone,
        long bytesPerSecond,
        long found,
        long repaired,
        List<Difference> findings,
        long startedMicros,
        long endedMicros) {

    /// A block in which the disks differed, or had changed by themselves in the same way.
    ///
    /// @param at      position in the log, `epoch:number`
    /// @param extent  number of its extent of 4 MiB
    /// @param offset  of the block on the disk, in bytes
    /// @param length  of the block, in bytes
    /// @param side    whose disk was wrong: `primary`, `backup`, `both` or `unknown`
    /// @param outcome `repaired`, `left as it is` or `not repaired`
    /// @param reason  of the last; else empty
    public record Difference(String at, long extent, long offset, int length, String side, String outcome, String reason) {}

    static final VerifyStatus NONE = new VerifyStatus(0, "none", "none", "", false, 0, 0, 0, 0, 0, List.of(), 0, 0);

    /// Whether it goes on.
    public boolean running() {
        return state.equals("running");
    }
}
