package io.sosia.witness.server;

import java.util.EnumSet;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Drops what other members say to a member that is not this one.
///
/// Ratis finds a member by its address and does not look at whom a request is meant for. A member that was wiped and
/// initialised anew listens where its former self did, and would vote and acknowledge in its place, without its memory.
/// Safe for use from several threads.
final class MemberGuard implements ServerInterceptor, GrpcServices.Customizer {
    private static final Logger LOG = LoggerFactory.getLogger(MemberGuard.class);

    private final String member;
    private final AtomicLong dropped = new AtomicLong();

    /// @param member the id of this member
    MemberGuard(String member) {
        this.member = member;
    }

    /// How many requests were dropped since the process started.
    long dropped() {
        return dropped.get();
    }

    @Override
    public NettyServerBuilder customize(NettyServerBuilder builder, EnumSet<GrpcServices.Type> types) {
        return builder.intercept(this);
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        return new ScreenedListener<>(next.startCall(call, headers), this::isForUs, () -> refuse(call));
    }

    private void refuse(ServerCall<?, ?> call) {
        if (dropped.getAndIncrement() == 0) {
            LOG.warn("member {} is taken for another one: some member knows a former one at this address. Remove that"
                    + " one: sosia witness member remove", member);
        }
        call.close(Status.FAILED_PRECONDITION.withDescription("this is " + member), new Metadata());
    }

    private boolean isForUs(Object message) {
        return switch (message) {
            case AppendEntriesRequestProto request -> names(request.getServerRequest());
            case RequestVoteRequestProto request -> names(request.getServerRequest());
            case InstallSnapshotRequestProto request -> names(request.getServerRequest());
            case StartLeaderElectionRequestProto request -> names(request.getServerRequest());
            case ReadIndexRequestProto request -> names(request.getServerRequest());
            default -> true;
        };
    }

    private boolean names(RaftRpcRequestProto request) {
        return request.getReplyId().toStringUtf8().equals(member);
    }
}
