package io.sosia.appliance.recording;

import io.sosia.appliance.eventlog.ByteReader;
import io.sosia.appliance.eventlog.ByteWriter;
import io.sosia.appliance.eventlog.LogFormatException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// What a recorded machine was built from, so that the same one can be built again.
///
/// @param ramBytes    its RAM
/// @param diskBytes   capacity of its disk, 0 for none; what was read of it is in the log
/// @param macBits     address of its network card, the first byte highest; 0 for none
/// @param commandLine of the kernel
/// @param program     kernel or ELF
/// @param initrd      initial RAM disk, if any
public record RecordingHeader(
        long ramBytes, long diskBytes, long macBits, String commandLine, RecordedFile program,
        Optional<RecordedFile> initrd) {

    static final int TEXT_BYTES_MAX = 4_096;

    /// A file by place and content.
    ///
    /// @param path   where it was
    /// @param sha256 of its content, 32 bytes as 64 hexadecimal digits
    public record RecordedFile(String path, String sha256) {
        public RecordedFile {
            if (!sha256.matches("[0-9a-f]{64}")) {
                throw new IllegalArgumentException("SHA-256 '" + sha256 + "', expected 64 hexadecimal digits");
            }
            limit("path", path);
        }
    }

    public RecordingHeader {
        if (ramBytes < 0 || diskBytes < 0 || macBits < 0 || macBits >>> 48 != 0) {
            throw new IllegalArgumentException(
                    "machine with RAM " + ramBytes + ", disk " + diskBytes + ", MAC " + Long.toHexString(macBits));
        }
        limit("command line", commandLine);
    }

    private static void limit(String what, String text) {
        if (text.getBytes(StandardCharsets.UTF_8).length > TEXT_BYTES_MAX) {
            throw new IllegalArgumentException(what + " longer than " + TEXT_BYTES_MAX + " bytes");
        }
    }

    byte[] encode() {
        ByteWriter out = new ByteWriter();
        out.varint(ramBytes);
        out.varint(diskBytes);
        out.varint(macBits);
        text(out, commandLine);
        file(out, program);
        out.u8(initrd.isPresent() ? 1 : 0);
        initrd.ifPresent(f -> file(out, f));
        return out.toByteArray();
    }

    static RecordingHeader decode(byte[] bytes) throws LogFormatException {
        ByteReader in = new ByteReader(bytes);
        long ram = in.varint("RAM size");
        long disk = in.varint("disk size");
        long mac = in.varint("MAC", 0, (1L << 48) - 1);
        String commandLine = text(in, "command line");
        RecordedFile program = file(in, "kernel");
        Optional<RecordedFile> initrd = in.u8("initrd flag") == 0 ? Optional.empty() : Optional.of(file(in, "initrd"));
        if (in.remaining() != 0) {
            throw new LogFormatException(in.remaining() + " bytes after the header's last field, expected none");
        }
        return new RecordingHeader(ram, disk, mac, commandLine, program, initrd);
    }

    private static void text(ByteWriter out, String text) {
        out.block(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(ByteReader in, String field) throws LogFormatException {
        String text = new String(in.block(field, 0, TEXT_BYTES_MAX), StandardCharsets.UTF_8);
        // Bytes that are no UTF-8 become longer when replaced; the header checks the result against the same limit.
        if (text.getBytes(StandardCharsets.UTF_8).length > TEXT_BYTES_MAX) {
            throw new LogFormatException(field + " is not UTF-8");
        }
        return text;
    }

    private static void file(ByteWriter out, RecordedFile file) {
        text(out, file.path());
        text(out, file.sha256());
    }

    private static RecordedFile file(ByteReader in, String what) throws LogFormatException {
        String path = text(in, what + " path");
        String sha256 = text(in, what + " hash");
        if (!sha256.matches("[0-9a-f]{64}")) {
            throw new LogFormatException(what + " hash is not 64 hexadecimal digits");
        }
        return new RecordedFile(path, sha256);
    }
}
