package io.sosia.witness.server;

import io.sosia.witness.wire.GroupName;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys.Read.Option;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/// How Ratis is set up for a table that is small, changes seldom and must never forget.
final class RaftSettings {
    private static final long ELECTION_MILLIS_MIN = 500;
    private static final long ELECTION_MILLIS_MAX = 1_000;
    private static final long FIRST_ELECTION_MILLIS_MIN = 150;
    private static final long FIRST_ELECTION_MILLIS_MAX = 300;

    private RaftSettings() {}

    static RaftGroupId groupId() {
        return RaftGroupId.valueOf(GroupName.ID);
    }

    static RaftProperties server(Path raft, String host, int port, int snapshotEvery) {
        RaftProperties properties = new RaftProperties();
        RaftServerConfigKeys.setStorageDir(properties, List.of(raft.toFile()));
        GrpcConfigKeys.Server.setHost(properties, host);
        GrpcConfigKeys.Server.setPort(properties, port);

        // Answers must be of a witness that is the leader now, whatever any clock says.
        RaftServerConfigKeys.Read.setOption(properties, Option.LINEARIZABLE);
        RaftServerConfigKeys.Read.setLeaderLeaseEnabled(properties, false);

        RaftServerConfigKeys.Rpc.setTimeoutMin(properties, millis(ELECTION_MILLIS_MIN));
        RaftServerConfigKeys.Rpc.setTimeoutMax(properties, millis(ELECTION_MILLIS_MAX));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(properties, millis(FIRST_ELECTION_MILLIS_MIN));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(properties, millis(FIRST_ELECTION_MILLIS_MAX));

        // By default no snapshot is ever taken and the log grows for ever.
        RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, true);
        RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(properties, snapshotEvery);
        RaftServerConfigKeys.Snapshot.setCreationGap(properties, 1);
        RaftServerConfigKeys.Snapshot.setRetentionFileNum(properties, 2);
        RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(properties, true);
        RaftServerConfigKeys.Log.setPurgeGap(properties, 1);
        // The last entry always stays: a storage without any log is one that lost it (see WitnessStorage).
        RaftServerConfigKeys.Log.setPurgePreservationLogNum(properties, 1);
        RaftServerConfigKeys.Log.setSegmentSizeMax(properties, SizeInBytes.valueOf("64KB"));
        RaftServerConfigKeys.Log.setPreallocatedSize(properties, SizeInBytes.valueOf("16KB"));
        return properties;
    }

    private static TimeDuration millis(long count) {
        return TimeDuration.valueOf(count, TimeUnit.MILLISECONDS);
    }
}
