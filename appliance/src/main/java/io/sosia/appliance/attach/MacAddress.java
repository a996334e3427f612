package io.sosia.appliance.attach;

import java.util.HexFormat;
import java.util.regex.Pattern;

/// An Ethernet address (IEEE 802, 48 bits), kept in the low bits of `bits`, first octet highest.
///
/// @param bits 0 to 2^48 - 1
public record MacAddress(long bits) {
    /// The address that every station listens to.
    public static final MacAddress BROADCAST = new MacAddress(0xffff_ffff_ffffL);

    private static final Pattern TEXT = Pattern.compile("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}");

    /// Checks the range.
    public MacAddress {
        if (bits >>> 48 != 0) {
            throw new IllegalArgumentException("MAC address out of range: 0x" + Long.toHexString(bits));
        }
    }

    /// Reads `52:54:00:12:34:56`.
    ///
    /// @throws IllegalArgumentException when the text is anything else, naming it
    public static MacAddress parse(String text) {
        if (!TEXT.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "not a MAC address: '" + text + "' (six hexadecimal octets are wanted, like 52:54:00:12:34:56)");
        }
        return new MacAddress(Long.parseLong(text.replace(":", ""), 16));
    }

    /// Reads the six octets at `offset`; the caller has checked that they are there.
    static MacAddress at(byte[] frame, int offset) {
        return new MacAddress(bitsAt(frame, offset));
    }

    /// As [#at(byte\[\], int)] without an object, for the path every frame takes.
    static long bitsAt(byte[] frame, int offset) {
        long bits = 0;
        for (int i = 0; i < 6; i++) {
            bits = bits << 8 | frame[offset + i] & 0xff;
        }
        return bits;
    }

    /// True for broadcast and multicast addresses (the group bit, IEEE 802-2014, 8.2.2), which name no single station.
    public boolean isGroup() {
        return isGroup(bits);
    }

    static boolean isGroup(long bits) {
        return (bits >>> 40 & 1) != 0;
    }

    /// The six octets in wire order.
    public byte[] octets() {
        byte[] octets = new byte[6];
        for (int i = 0; i < 6; i++) {
            octets[i] = (byte) (bits >>> 40 - 8 * i);
        }
        return octets;
    }

    @Override
    public String toString() {
        return HexFormat.ofDelimiter(":").formatHex(octets());
    }
}
