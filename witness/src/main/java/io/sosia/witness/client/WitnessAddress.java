package io.sosia.witness.client;

import io.sosia.witness.claim.NodeName;
import java.util.Objects;

/// Where one witness listens.
///
/// @param name the name it was initialised with
/// @param host its host name or address
/// @param port its TCP port, 1 to 65535
public record WitnessAddress(NodeName name, String host, int port) {
    /// @throws IllegalArgumentException when the port is out of range or the host is empty
    public WitnessAddress {
        Objects.requireNonNull(name, "witness name");
        Objects.requireNonNull(host, "witness host");
        if (host.isBlank()) {
            throw new IllegalArgumentException("the host of witness '" + name + "' is empty");
        }
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException(
                    "port " + port + " of witness '" + name + "' is not between 1 and 65535");
        }
    }

    @Override
    public String toString() {
        return name + "@" + host + ":" + port;
    }
}
