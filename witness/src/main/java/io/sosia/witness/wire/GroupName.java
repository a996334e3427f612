package io.sosia.witness.wire;

import java.nio.charset.StandardCharsets;
import java.util.UUID;

/// The name under which witnesses and those who ask them find each other.
public final class GroupName {
    /// The one Raft group of every witness. What tells witnesses apart is which pairs they know, not the group.
    public static final UUID ID = UUID.nameUUIDFromBytes("io.sosia.witness".getBytes(StandardCharsets.UTF_8));

    private GroupName() {}
}
