package io.sosia.appliance.attach;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A TCP port of this host that leads to a port of the guest.
///
/// @param hostAddress the address of this host that listens
/// @param hostPort 0 to 65535; 0: take a free one
/// @param guestPort 1 to 65535
public record PortForward(Ipv4Address hostAddress, int hostPort, int guestPort) {
    private static final Pattern TEXT = Pattern.compile("(?:([^:]*):)?(\\d{1,5}):(\\d{1,5})");

    /// Checks the ranges.
    public PortForward {
        if (hostPort < 0 || hostPort > 65_535) {
            throw new IllegalArgumentException("host port must be 0 to 65535, got " + hostPort);
        }
        if (guestPort < 1 || guestPort > 65_535) {
            throw new IllegalArgumentException("guest port must be 1 to 65535, got " + guestPort);
        }
    }

    /// Reads `[HOSTADDR:]HOST:GUEST`, like `8080:80`, `0:6379` or `0.0.0.0:8080:80`. Without an address: 127.0.0.1.
    ///
    /// @throws IllegalArgumentException naming the text and what is wanted
    public static PortForward parse(String text) {
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("not a port to publish: '" + text
                    + "' (wanted: HOST:GUEST or HOSTADDR:HOST:GUEST, like 8080:80 or 0.0.0.0:8080:80; "
                    + "host port 0 takes a free one)");
        }
        Ipv4Address address = parts.group(1) == null ? Ipv4Address.LOOPBACK : Ipv4Address.parse(parts.group(1));
        return new PortForward(address, Integer.parseInt(parts.group(2)), Integer.parseInt(parts.group(3)));
    }

    /// The same with the host port that was really taken.
    public PortForward withHostPort(int port) {
        return new PortForward(hostAddress, port, guestPort);
    }

    @Override
    public String toString() {
        return hostAddress + ":" + hostPort + ":" + guestPort;
    }
}
