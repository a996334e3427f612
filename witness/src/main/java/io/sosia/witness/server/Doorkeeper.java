package io.sosia.witness.server;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.identity.Credentials;
import io.sosia.witness.identity.Identity;
import io.sosia.witness.identity.RaftTls;
import io.sosia.witness.wire.CommandCodec;
import io.sosia.witness.wire.QueryCodec;
import io.sosia.witness.wire.WireFormatException;
import io.sosia.witness.wire.WitnessQuery;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.apache.ratis.grpc.GrpcUtil;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftClientRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.thirdparty.io.grpc.Attributes;
import org.apache.ratis.thirdparty.io.grpc.Grpc;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.ServerTransportFilter;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.DelegatingSslContext;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Holds everyone who comes over TLS to what his certificate says he is: a node may ask about its own pair and claim for itself in it, and
/// nothing else; a witness's member may do what members do, under its own name; both are counted when they overstep, as are the connections of
/// those who cannot show a certificate at all.
///
/// Safe for use from several threads.
final class Doorkeeper extends ServerTransportFilter implements ServerInterceptor {
    private static final Logger LOG = LoggerFactory.getLogger(Doorkeeper.class);
    private static final long HANDSHAKE_SECONDS_MAX = 5;

    private final LongAdder came = new LongAdder();
    private final LongAdder through = new LongAdder();
    private final LongAdder overstepped = new LongAdder();

    /// Connections that did not show a fit certificate, and requests of those who did but may not ask that, since the process
    /// started. A connection counts from its first byte until it has shown one.
    long refused() {
        return Math.max(0, came.sum() - through.sum()) + overstepped.sum();
    }

    /// Puts him at the door of a server.
    NettyServerBuilder guard(NettyServerBuilder builder, Credentials credentials) {
        SslContext context = GrpcUtil.buildSslContextForServer(RaftTls.config(credentials));
        builder.handshakeTimeout(HANDSHAKE_SECONDS_MAX, TimeUnit.SECONDS);
        builder.addTransportFilter(this);
        return builder.intercept(this).sslContext(new DelegatingSslContext(context) {
            @Override
            protected void initEngine(SSLEngine engine) {
                came.increment();
            }
        });
    }

    @Override
    public Attributes transportReady(Attributes attributes) {
        through.increment();
        return attributes;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        Identity caller;
        try {
            caller = callerOf(call);
        } catch (CertificateException | SSLPeerUnverifiedException nobody) {
            refuse(call, "nobody", nobody.getMessage());
            return new ServerCall.Listener<>() {};
        }
        return new ScreenedListener<>(next.startCall(call, headers), message -> may(caller, message),
                () -> refuse(call, caller.toString(), "it may not ask that"));
    }

    private static Identity callerOf(ServerCall<?, ?> call) throws CertificateException, SSLPeerUnverifiedException {
        SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
        return Identity.of((X509Certificate) session.getPeerCertificates()[0]);
    }

    private void refuse(ServerCall<?, ?> call, String who, String why) {
        overstepped.increment();
        LOG.info("refused {} {}: {}", who, call.getMethodDescriptor().getBareMethodName(), why);
        call.close(Status.PERMISSION_DENIED.withDescription("your certificate names " + who + ": " + why), new Metadata());
    }

    private static boolean may(Identity caller, Object message) {
        return switch (caller) {
            case Identity.OfNode node -> message instanceof RaftClientRequestProto request && isOf(node, request);
            case Identity.OfWitness witness -> switch (message) {
                case AppendEntriesRequestProto request -> speaks(witness, request.getServerRequest());
                case RequestVoteRequestProto request -> speaks(witness, request.getServerRequest());
                case InstallSnapshotRequestProto request -> speaks(witness, request.getServerRequest());
                case StartLeaderElectionRequestProto request -> speaks(witness, request.getServerRequest());
                case ReadIndexRequestProto request -> speaks(witness, request.getServerRequest());
                // An operator at a member.
                default -> true;
            };
        };
    }

    private static boolean speaks(Identity.OfWitness witness, RaftRpcRequestProto request) {
        return witness.owns(request.getRequestorId().toStringUtf8());
    }

    /// Whether it is about the node's own pair, and a claim in its own name. What cannot be read has no effect, and its sender is told why by the table.
    private static boolean isOf(Identity.OfNode node, RaftClientRequestProto request) {
        byte[] content = request.getMessage().getContent().toByteArray();
        try {
            return switch (request.getTypeCase()) {
                case WRITE -> isBy(node, CommandCodec.decode(content));
                case READ, STALEREAD -> !(QueryCodec.decodeQuery(content) instanceof WitnessQuery.Lookup(var pairId))
                        || pairId.equals(node.pairId());
                case WATCH, MESSAGESTREAM, DATASTREAM, FORWARD, TYPE_NOT_SET -> false;
            };
        } catch (WireFormatException unreadable) {
            return true;
        }
    }

    private static boolean isBy(Identity.OfNode node, ClaimCommand command) {
        return command.pairId().equals(node.pairId()) && claimant(command).equals(node.node());
    }

    /// Whose claim it is. Every node submits its own; an operator's word is submitted with the certificate of the node it names.
    private static NodeName claimant(ClaimCommand command) {
        return switch (command) {
            case ClaimCommand.Initialise c -> c.owner();
            case ClaimCommand.Reinitialise c -> c.owner();
            case ClaimCommand.ClaimSolo c -> c.node();
            case ClaimCommand.ColdBoot c -> c.node();
            case ClaimCommand.Start c -> c.node();
            case ClaimCommand.Protect c -> c.owner();
            case ClaimCommand.Stop c -> c.owner();
            case ClaimCommand.Override c -> c.owner();
        };
    }
}
