package io.sosia.appliance.attach;

/// The checksum of IPv4 and TCP (RFC 1071).
final class InternetChecksum {
    private InternetChecksum() {}

    /// The sum of 16-bit words, an odd last byte counting as the high one; not yet folded.
    static long sum(byte[] bytes, int offset, int length) {
        long sum = 0;
        for (int i = 0; i + 1 < length; i += 2) {
            sum += EthernetFrame.unsigned16(bytes, offset + i);
        }
        return length % 2 == 0 ? sum : sum + ((bytes[offset + length - 1] & 0xff) << 8);
    }

    /// The checksum to store, with the checksum field itself still zero; 0 when it is in place and right.
    ///
    /// @param before sum of what is counted in but lies elsewhere (the pseudo header)
    static int of(byte[] bytes, int offset, int length, long before) {
        long sum = before + sum(bytes, offset, length);
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) (~sum & 0xffff);
    }
}
