package io.sosia.appliance.node;

/// What a node says of its disk.
///
/// @param node        whose disk
/// @param pairState   the pair machine's state, in a word
/// @param sizeBytes   of the disk
/// @param state       what the content is worth: `UP_TO_DATE`, `OUTDATED` or `INCONSISTENT`
/// @param partner     what it knows of the partner's disk: `NONE`, `IN_SYNC` or `AWAY`
/// @param generation  names the line of content
/// @param applied     place in the log, `EPOCH/ENTRY`: everything caused up to there is durable, at least
/// @param changedBytes in blocks of 64 KiB, which the partner may lack
/// @param resync      the disk being sent to the partner now; null when none is
/// @param verify      how far the comparing of both disks is, or how it ended
/// @param cannotBoot  why no machine may boot from it; empty when one may, if this node is the owner
public record DiskReport(
        String node,
        String pairState,
        long sizeBytes,
        String state,
        String partner,
        String generation,
        String applied,
        long changedBytes,
        CloneProgress resync,
        VerifyStatus verify,
        String cannotBoot) {}
