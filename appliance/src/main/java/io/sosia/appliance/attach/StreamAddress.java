package io.sosia.appliance.attach;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;

/// Where a stream of frames is offered: `unix:/path` or `tcp:host:port`.
public sealed interface StreamAddress {
    /// A unix socket.
    ///
    /// @param path at most 107 bytes long, the kernel's limit (unix(7))
    record Unix(Path path) implements StreamAddress {
        private static final int PATH_BYTES_MAX = 107;

        /// Checks the length.
        public Unix {
            int length = path.toString().getBytes(StandardCharsets.UTF_8).length;
            if (length == 0 || length > PATH_BYTES_MAX) {
                throw new IllegalArgumentException("unix socket path '" + path + "' has " + length
                        + " bytes; the kernel allows 1 to "
                        + PATH_BYTES_MAX + ": choose a shorter one");
            }
        }

        @Override
        public String toString() {
            return "unix:" + path;
        }
    }

    /// A TCP endpoint.
    ///
    /// @param host name or address; an IPv6 address without brackets
    /// @param port 0 to 65535; 0 only to listen: a free one
    record Tcp(String host, int port) implements StreamAddress {
        /// Checks the range.
        public Tcp {
            Objects.requireNonNull(host);
            if (host.isEmpty() || port < 0 || port > 65_535) {
                throw new IllegalArgumentException("TCP address needs a host and a port from 0 to 65535, got '" + host
                        + ":" + port + "'");
            }
        }

        @Override
        public String toString() {
            return "tcp:" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        }
    }

    /// Reads `unix:PATH` or `tcp:HOST:PORT` (an IPv6 host in brackets).
    ///
    /// @throws IllegalArgumentException naming the text and what is wanted
    static StreamAddress parse(String text) {
        if (text.startsWith("unix:") && text.length() > "unix:".length()) {
            return new Unix(Path.of(text.substring("unix:".length())));
        }
        int colon = text.lastIndexOf(':');
        if (text.startsWith("tcp:") && colon > "tcp:".length()) {
            String host = text.substring("tcp:".length(), colon);
            if (host.startsWith("[") && host.endsWith("]")) {
                host = host.substring(1, host.length() - 1);
            }
            try {
                return new Tcp(host, Integer.parseInt(text.substring(colon + 1)));
            } catch (NumberFormatException _) {
                // Falls through: the message below says what is wanted.
            }
        }
        throw new IllegalArgumentException("not a stream address: '" + text
                + "' (wanted: unix:/path/of/socket or tcp:host:port)");
    }

    /// The family to open a socket in.
    default ProtocolFamily family() {
        return switch (this) {
            case Unix _ -> StandardProtocolFamily.UNIX;
            case Tcp(String host, int _) -> host.contains(":") ? StandardProtocolFamily.INET6
                    : StandardProtocolFamily.INET;
        };
    }

    /// Looks a host name up.
    ///
    /// @throws IOException when the name is unknown or has no address of the family
    default SocketAddress resolve() throws IOException {
        return switch (this) {
            case Unix(Path path) -> UnixDomainSocketAddress.of(path);
            case Tcp(String host, int port) -> {
                for (InetAddress address : InetAddress.getAllByName(host)) {
                    if (address.getAddress().length == (family() == StandardProtocolFamily.INET6 ? 16 : 4)) {
                        yield new InetSocketAddress(address, port);
                    }
                }
                throw new UnknownHostException(host + " has no IPv4 address; give an IPv6 address in brackets");
            }
        };
    }
}
