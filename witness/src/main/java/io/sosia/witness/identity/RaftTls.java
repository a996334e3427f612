package io.sosia.witness.identity;

import java.util.Optional;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.grpc.GrpcTlsConfig;

/// Credentials as Ratis takes them: mutual TLS 1.3 on everything it dials and listens to.
public final class RaftTls {

    private RaftTls() {}

    /// What Ratis is to be told of the credentials; without any, nothing is encrypted.
    public static Parameters parameters(Optional<Credentials> credentials) {
        Parameters parameters = new Parameters();
        credentials.ifPresent(own -> GrpcConfigKeys.TLS.setConf(parameters, config(own)));
        return parameters;
    }

    /// The same, for who builds connections himself.
    public static GrpcTlsConfig config(Credentials credentials) {
        return GrpcTlsConfig.newBuilder()
                .setKeyManager(credentials.keys())
                .setTrustManager(credentials.trust())
                .setMutualTls(true)
                .setProtocols("TLSv1.3")
                .build();
    }
}
