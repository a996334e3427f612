package io.sosia.appliance.attach;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// An IPv4 address (RFC 791), first octet highest.
///
/// @param bits all 32-bit values
public record Ipv4Address(int bits) {
    private static final Pattern TEXT = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");

    /// `127.0.0.1`: this host only.
    public static final Ipv4Address LOOPBACK = parse("127.0.0.1");

    /// Reads dotted decimal, four parts of 0 to 255.
    ///
    /// @throws IllegalArgumentException when the text is anything else (a host name too), naming it
    public static Ipv4Address parse(String text) {
        Matcher parts = TEXT.matcher(text);
        int bits = 0;
        boolean good = parts.matches();
        for (int i = 1; good && i <= 4; i++) {
            int part = Integer.parseInt(parts.group(i));
            good = part <= 255;
            bits = bits << 8 | part;
        }
        if (!good) {
            throw new IllegalArgumentException("not an IPv4 address: '" + text
                    + "' (wanted: four numbers, like 127.0.0.1)");
        }
        return new Ipv4Address(bits);
    }

    @Override
    public String toString() {
        return (bits >>> 24) + "." + (bits >>> 16 & 0xff) + "." + (bits >>> 8 & 0xff) + "." + (bits & 0xff);
    }
}
