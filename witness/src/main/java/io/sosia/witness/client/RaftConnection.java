package io.sosia.witness.client;

import io.sosia.witness.identity.RaftTls;
import io.sosia.witness.wire.GroupName;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.exceptions.RaftException;
import org.apache.ratis.retry.RetryPolicies;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.StatusRuntimeException;
import org.apache.ratis.util.TimeDuration;

/// One way to the witness, until it is thrown away for a new one. Safe for use from several threads.
///
/// Commands and queries have a Ratis client each: one that is told of another leader closes its channel to the old one and waits
/// until every answer still due over it has come, and a query to a member whose leader has just died comes to nothing only after
/// the attempt's whole time. A claim must not wait for that.
final class RaftConnection implements AutoCloseable {
    /// Enough to be sent on to another member that leads; waiting longer is the caller's decision.
    private static final int RETRIES = 3;
    private static final long RETRY_SLEEP_MILLIS = 50;

    private final RaftClient commands;
    private final RaftClient queries;

    RaftConnection(WitnessClientConfig config) {
        commands = client(config);
        queries = client(config);
    }

    private static RaftClient client(WitnessClientConfig config) {
        List<RaftPeer> peers = config.witnesses().stream()
                .map(witness -> RaftPeer.newBuilder()
                        // A client needs to tell the members apart, not to know how they call themselves.
                        .setId(witness.toString())
                        .setAddress(witness.toString())
                        .build())
                .toList();
        RaftProperties properties = new RaftProperties();
        RaftClientConfigKeys.Rpc.setRequestTimeout(
                properties, millis(config.attemptTimeout().toMillis()));
        return RaftClient.newBuilder()
                .setRaftGroup(RaftGroup.valueOf(RaftGroupId.valueOf(GroupName.ID), peers))
                .setProperties(properties)
                .setParameters(RaftTls.parameters(config.credentials()))
                // By default Ratis retries for ever.
                .setRetryPolicy(
                        RetryPolicies.retryUpToMaximumCountWithFixedSleep(RETRIES, millis(RETRY_SLEEP_MILLIS)))
                .build();
    }

    /// Sends a command and waits for the answer.
    ///
    /// @throws org.apache.ratis.protocol.exceptions.StateMachineException when the witness could not read it
    /// @throws IOException when no answer came
    byte[] write(byte[] command) throws IOException {
        return content(commands.io().send(message(command)));
    }

    /// Sends a query and waits for the answer, which is of a leader that still led after it was asked.
    ///
    /// @throws org.apache.ratis.protocol.exceptions.StateMachineException when the witness could not read it
    /// @throws IOException when no answer came
    byte[] read(byte[] query) throws IOException {
        return content(queries.io().sendReadOnly(message(query)));
    }

    private static byte[] content(RaftClientReply reply) throws IOException {
        RaftException failure = reply.getException();
        if (failure != null) {
            throw failure;
        }
        if (!reply.isSuccess()) {
            throw new IOException("the witness answered without success: " + reply);
        }
        return reply.getMessage().getContent().toByteArray();
    }

    /// Whether a member read the question and said that our certificate does not allow it: another attempt is refused as well.
    static boolean isRefused(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof StatusRuntimeException told) {
                return told.getStatus().getCode() == Status.Code.PERMISSION_DENIED;
            }
        }
        return false;
    }

    private static Message message(byte[] bytes) {
        return Message.valueOf(UnsafeByteOperations.unsafeWrap(bytes));
    }

    private static TimeDuration millis(long count) {
        return TimeDuration.valueOf(count, TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() throws IOException {
        try (queries) {
            commands.close();
        }
    }
}
