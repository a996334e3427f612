package io.sosia.appliance.machine;

import io.sosia.appliance.machine.memory.GuestRam;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;

/// What a machine is built from: everything besides its inputs that decides what it does.
///
/// @param ramBytes    RAM, a multiple of 2 MiB from [#RAM_BYTES_MIN] to [GuestRam#SIZE_MAX]
/// @param diskBytes   capacity of the disk, a multiple of 512; 0 for a machine without one
/// @param mac         address of the network card; empty for a machine without one
/// @param boot        the kernel or program
/// @param initrd      initial RAM disk, a whole buffer, to be read by absolute position; empty for none
/// @param commandLine the kernel's command line, at most [#COMMAND_LINE_BYTES_MAX] bytes of UTF-8
public record MachineSpec(long ramBytes, long diskBytes, Optional<Mac> mac, BootImage boot, ByteBuffer initrd,
        String commandLine) {

    public static final long RAM_BYTES_MIN = 64L << 20;

    /// What Linux reads of it on RISC-V (COMMAND_LINE_SIZE), without the closing zero.
    public static final int COMMAND_LINE_BYTES_MAX = 1023;

    private static final long RAM_GRANULE = 2 << 20;

    /// An Ethernet address of one station.
    ///
    /// @param bits the 48 bits, first byte on the wire in the highest place
    public record Mac(long bits) {
        public Mac {
            if (bits <= 0 || bits >>> 48 != 0 || (bits >>> 40 & 1) != 0) {
                throw new IllegalArgumentException("MAC %012x, expected the address of one station".formatted(bits));
            }
        }

        /// Reads `52:54:00:12:34:56`.
        ///
        /// @throws IllegalArgumentException naming the text and the form expected
        public static Mac parse(String text) {
            if (!text.matches("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")) {
                throw new IllegalArgumentException("MAC '" + text + "', expected six bytes like 52:54:00:12:34:56");
            }
            return new Mac(Long.parseLong(text.replace(":", ""), 16));
        }

        /// The six bytes, in the order of the wire.
        public byte[] bytes() {
            byte[] bytes = new byte[6];
            for (int i = 0; i < 6; i++) {
                bytes[i] = (byte) (bits >>> 40 - 8 * i);
            }
            return bytes;
        }

        @Override
        public String toString() {
            return HexFormat.ofDelimiter(":").formatHex(bytes());
        }
    }

    /// @throws IllegalArgumentException with one line that names the thing and the limit
    public MachineSpec {
        if (ramBytes < RAM_BYTES_MIN || ramBytes > GuestRam.SIZE_MAX || ramBytes % RAM_GRANULE != 0) {
            throw new IllegalArgumentException("RAM of " + ramBytes + " bytes, expected a multiple of 2 MiB from "
                    + (RAM_BYTES_MIN >> 20) + " to " + (GuestRam.SIZE_MAX >> 20) + " MiB");
        }
        if (diskBytes < 0 || diskBytes % 512 != 0) {
            throw new IllegalArgumentException("disk of " + diskBytes + " bytes, expected a multiple of 512");
        }
        int length = commandLine.getBytes(StandardCharsets.UTF_8).length;
        if (length > COMMAND_LINE_BYTES_MAX || commandLine.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("kernel command line of " + length + " bytes, expected at most "
                    + COMMAND_LINE_BYTES_MAX + " without zero bytes");
        }
        if (BoardLayout.lowestInitrd(ramBytes, initrd.limit()) < boot.end()) {
            throw new IllegalArgumentException("RAM of " + (ramBytes >> 20) + " MiB is too small: kernel up to 0x%x, "
                    .formatted(boot.end()) + "initrd of " + initrd.limit() + " bytes and device tree must fit below 0x%x"
                    .formatted(GuestRam.BASE + ramBytes));
        }
    }
}
