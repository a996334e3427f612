package io.sosia.disksync.export;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;

/// Where a server of NBD listens, as people write it: `ADDRESS:PORT` or `unix:PATH`.
public final class NbdAddress {
    private static final String UNIX = "unix:";

    private NbdAddress() {
    }

    /// @throws IllegalArgumentException saying what was expected
    public static SocketAddress parse(String text) {
        if (text.startsWith(UNIX) && text.length() > UNIX.length()) {
            return UnixDomainSocketAddress.of(Path.of(text.substring(UNIX.length())).toAbsolutePath());
        }
        int colon = text.lastIndexOf(':');
        try {
            if (colon > 0) {
                String host = text.substring(0, colon).replaceAll("^\\[(.*)]$", "$1");
                return new InetSocketAddress(host, Integer.parseInt(text.substring(colon + 1)));
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw new IllegalArgumentException(text + ": expected ADDRESS:PORT or unix:PATH");
    }

    /// The URI by which clients find it (NBD URI specification).
    static String uri(SocketAddress address) {
        return switch (address) {
            case UnixDomainSocketAddress unix -> "nbd+unix:///?socket=" + unix.getPath();
            case InetSocketAddress inet -> {
                String host = inet.getAddress().getHostAddress();
                yield "nbd://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + inet.getPort();
            }
            default -> throw new IllegalArgumentException("no address of ours: " + address);
        };
    }
}
