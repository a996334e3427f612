package io.sosia.appliance.pair;

/// Faults planted into the simulated node to prove that the checks see them.
enum Sabotage {
    NONE,
    /// A primary takes its having sent an entry for the backup's receipt.
    RELEASE_ON_SEND,
    /// A backup goes on acknowledging what arrives while it drains, and does not replay it.
    ACK_WHILE_DRAINING,
    /// A backup takes its claim for granted.
    PROMOTE_WITHOUT_CLAIM,
    /// Receipts count whoever gave them, in whatever epoch.
    ANY_LIFE_MAY_ACK,
    /// A backup claims and goes live without what it has not replayed yet.
    LIVE_BEFORE_DRAINED,
    /// A primary alone lets output leave as soon as it has asked for SOLO.
    OPEN_BEFORE_GRANT,
    /// What changed in memory while it was copied is left out of the cut.
    CUT_WITHOUT_REST,
    /// What changed on the disk while it was copied is left out of the cut.
    CUT_WITHOUT_BLOCKS,
    /// A backup takes the primary's word for it that a flush is done.
    FLUSH_FROM_LOG,
    /// The witness grants the claim of a backup whose primary has gone on without it.
    STALE_BACKUP_PROMOTED,
    /// A primary that hands over takes it for granted that its backup goes live.
    HANDS_OVER_UNREAD,
    /// A primary takes RELIED for durable when it has only begun to write it.
    RELIES_BEFORE_IT_IS_DURABLE,
    /// A backup that reaches the witness again takes its renunciation back without asking its primary.
    TAKES_RENUNCIATION_BACK_ALONE,
    /// A node live alone never looks at the record.
    OVERRULED_GOES_ON,
    /// An order is written whatever the record has become since it was decided.
    ORDER_UNCOMPARED,
    /// An order is taken for a node that holds the machine's memory, renounced or about to claim.
    ORDER_NAMES_ANYBODY,
    /// The operator says that a node is off which is not, and nobody knows.
    ORDER_ON_A_LIE,
    /// A witness that has lost its storage is told of a life after which the partner was live.
    REINIT_NAMES_AN_OLDER_LIFE,
    /// ... and of an epoch that is above the owner's only.
    REINIT_FORGETS_AN_EPOCH
}
