package io.sosia.witness.identity;

import java.util.Objects;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// What it takes to prove oneself over TLS and to see through others. Both may change what they answer while in use.
///
/// @param keys  one's own key and certificate
/// @param trust whom to believe, and who is expected here
public record Credentials(X509ExtendedKeyManager keys, X509ExtendedTrustManager trust) {
    public Credentials {
        Objects.requireNonNull(keys, "keys");
        Objects.requireNonNull(trust, "trust");
    }
}
