package io.sosia.witness.client;

import java.net.InetSocketAddress;
import java.util.Objects;

/// Where one member of the witness listens.
///
/// @param host its host name or address
/// @param port its TCP port, 1 to 65535
public record WitnessAddress(String host, int port) {
    /// @throws IllegalArgumentException when the port is out of range or the host is empty
    public WitnessAddress {
        Objects.requireNonNull(host, "witness host");
        if (host.isBlank()) {
            throw new IllegalArgumentException("the host of the witness is empty");
        }
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port " + port + " of the witness is not between 1 and 65535");
        }
    }

    /// The same address; its host name is looked up when it is used, not here.
    public static WitnessAddress of(InetSocketAddress address) {
        return new WitnessAddress(address.getHostString(), address.getPort());
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
