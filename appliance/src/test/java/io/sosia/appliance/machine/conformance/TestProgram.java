package io.sosia.appliance.machine.conformance;

import io.sosia.appliance.machine.memory.GuestRam;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/// A program whose outcome can be compared: the bytes of memory it leaves in its result area.
///
/// @param kind  where it runs
/// @param image memory from [#BASE] on, as it is when the program starts
record TestProgram(Kind kind, byte[] image) {

    /// Where the image lies, physically and, for a [Kind#USER] program, in the process.
    static final long BASE = GuestRam.BASE + 0x20_0000;

    /// Where a [Kind#USER] program starts and ends: what stands there depends on the machine that runs it.
    static final int USER_START = 0;
    static final int USER_END = 0x100;
    /// Where the part of a [Kind#USER] program lies that is the same everywhere.
    static final int USER_BODY = 0x1000;

    enum Kind {
        /// U-mode instructions only, without traps.
        USER(0x8000, 0x4000),
        /// Entered in S-mode at [#BASE]; ends by an `ecall` from S-mode.
        SUPERVISOR(0x2000, 0x1_7000);

        /// The result area, relative to [#BASE].
        final int resultAt;
        final int resultBytes;

        Kind(int resultAt, int resultBytes) {
            this.resultAt = resultAt;
            this.resultBytes = resultBytes;
        }

        int end() {
            return resultAt + resultBytes;
        }
    }

    TestProgram {
        if (image.length != kind.end()) {
            throw new IllegalArgumentException("image of " + image.length + " bytes, expected " + kind.end());
        }
    }

    /// The image with other bytes at one place.
    byte[] with(int at, byte[] bytes) {
        byte[] copy = image.clone();
        System.arraycopy(bytes, 0, copy, at, bytes.length);
        return copy;
    }

    /// A program kept in a file, with the fingerprint of its result.
    record Saved(TestProgram program, String expected) {}

    /// As text to be kept in a file: the kind and the fingerprint of the result expected, then the image deflated in
    /// Base64.
    String text(byte[] expected) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(bytes)) {
            out.write(image);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return kind.name().toLowerCase(Locale.ROOT) + " " + fingerprint(expected) + "\n"
                + Base64.getMimeEncoder(100, new byte[] {10}).encodeToString(bytes.toByteArray()) + "\n";
    }

    /// Reads what [#text] wrote.
    static Saved parse(String text) throws IOException {
        int line = text.indexOf('\n');
        String[] head = text.substring(0, line).strip().split(" ");
        Kind kind = Kind.valueOf(head[0].toUpperCase(Locale.ROOT));
        byte[] deflated = Base64.getMimeDecoder().decode(text.substring(line).strip());
        try (InflaterInputStream in = new InflaterInputStream(new ByteArrayInputStream(deflated))) {
            return new Saved(new TestProgram(kind, in.readAllBytes()), head[1]);
        }
    }

    /// SHA-256 of what is comparable in a result, in hexadecimal.
    String fingerprint(byte[] result) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(comparable(result)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }

    /// Where two results differ first, in words of 64 bits; empty when they do not.
    String difference(byte[] qemu, byte[] ours) {
        byte[] expected = comparable(qemu);
        byte[] got = comparable(ours);
        int at = Arrays.mismatch(expected, got) & -8;
        if (at < 0) {
            return "";
        }
        return "result at 0x%x: expected %016x, got %016x".formatted(BASE + kind.resultAt + at, word(expected, at),
                word(got, at));
    }

    private byte[] comparable(byte[] result) {
        return switch (kind) {
            case USER -> result;
            case SUPERVISOR -> SupervisorProgram.comparable(result);
        };
    }

    private static long word(byte[] bytes, int at) {
        long value = 0;
        for (int i = 7; i >= 0; i--) {
            value = value << 8 | (at + i < bytes.length ? bytes[at + i] & 0xff : 0);
        }
        return value;
    }
}
