package io.sosia.appliance.image;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;

/// Reads the tar stream of a Debian package (`dpkg-deb --fsys-tarfile`) into a [FileTree]: ustar with the GNU long
/// names and pax paths that dpkg-deb writes (deb(5)).
final class TarReader {

    private static final int BLOCK_BYTES = 512;
    private static final int NAME_BYTES_MAX = 1 << 16;
    private static final long FILE_BYTES_MAX = 1L << 28;

    private final InputStream in;
    private final FileTree tree;
    private final Predicate<String> wanted;
    private long newestSeconds;
    private String longName;
    private String longTarget;

    private TarReader(InputStream in, FileTree tree, Predicate<String> wanted) {
        this.in = in;
        this.tree = tree;
        this.wanted = wanted;
    }

    /// Adds the entries whose path (no leading `./` or `/`) is wanted.
    ///
    /// @return the newest modification time among all entries, seconds since 1970
    /// @throws ImageFormatException when the stream is not such an archive
    /// @throws IOException when the stream fails
    static long read(InputStream in, FileTree tree, Predicate<String> wanted) throws IOException {
        TarReader reader = new TarReader(in, tree, wanted);
        byte[] header = new byte[BLOCK_BYTES];
        while (reader.block(header)) {
            reader.entry(header);
        }
        return reader.newestSeconds;
    }

    private boolean block(byte[] header) throws IOException {
        int got = in.readNBytes(header, 0, BLOCK_BYTES);
        if (got == 0) {
            throw new EOFException("tar archive ends without its closing block");
        }
        if (got < BLOCK_BYTES) {
            throw new EOFException("tar archive ends inside a header");
        }
        int sum = 0;
        boolean zero = true;
        for (int i = 0; i < BLOCK_BYTES; i++) {
            sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xff;
            zero &= header[i] == 0;
        }
        if (zero) {
            in.transferTo(OutputStream.nullOutputStream());
            return false;
        }
        long stated = octal(header, 148, 8);
        if (stated != sum) {
            throw new ImageFormatException("tar header has checksum " + sum + ", expected " + stated);
        }
        return true;
    }

    private void entry(byte[] header) throws IOException {
        long size = octal(header, 124, 12);
        if (size > FILE_BYTES_MAX) {
            throw new ImageFormatException("tar entry of " + size + " bytes, the limit is " + FILE_BYTES_MAX);
        }
        char type = (char) header[156];
        switch (type) {
            case 'L' -> longName = text(metadata(size), 0, (int) size);
            case 'K' -> longTarget = text(metadata(size), 0, (int) size);
            case 'x' -> pax(metadata(size));
            case 'g' -> metadata(size);
            default -> file(header, type, size);
        }
    }

    private void file(byte[] header, char type, long size) throws IOException {
        String prefix = text(header, 257, 6).equals("ustar") ? text(header, 345, 155) : "";
        String shortName = text(header, 0, 100);
        String raw = Objects.requireNonNullElse(longName, prefix.isEmpty() ? shortName : prefix + "/" + shortName);
        String target = Objects.requireNonNullElse(longTarget, text(header, 157, 100));
        longName = null;
        longTarget = null;
        newestSeconds = Math.max(newestSeconds, octal(header, 136, 12));
        String path = strip(raw);
        if (path.isEmpty() || !wanted.test(path)) {
            in.skipNBytes(padded(size));
            return;
        }
        int mode = (int) octal(header, 100, 8) & 07777;
        int uid = (int) octal(header, 108, 8);
        int gid = (int) octal(header, 116, 8);
        FileTree.Node node = switch (type) {
            case '0', '\0' -> new FileTree.RegularFile(mode, uid, gid, content(size));
            case '5' -> new FileTree.Directory(mode, uid, gid);
            case '2' -> new FileTree.SymbolicLink(target);
            case '1' -> linked(path, strip(target));
            default -> throw new ImageFormatException("tar entry " + path + " is of type '" + type
                    + "', expected a file, directory or link");
        };
        tree.put(path, node);
    }

    private FileTree.Node linked(String path, String target) throws IOException {
        Optional<FileTree.Node> node = tree.get(target);
        return node.orElseThrow(() -> new ImageFormatException("tar entry " + path + " links to " + target
                + ", which did not come before it"));
    }

    private byte[] metadata(long size) throws IOException {
        if (size > NAME_BYTES_MAX) {
            throw new ImageFormatException("tar name of " + size + " bytes, the limit is " + NAME_BYTES_MAX);
        }
        return content(size);
    }

    private byte[] content(long size) throws IOException {
        byte[] bytes = in.readNBytes((int) size);
        if (bytes.length < size) {
            throw new EOFException("tar archive ends inside a file");
        }
        in.skipNBytes(padded(size) - size);
        return bytes;
    }

    /// Records of "LENGTH key=value\n" (POSIX.1-2001, pax); only the two names matter here.
    private void pax(byte[] records) throws ImageFormatException {
        int at = 0;
        while (at < records.length) {
            int space = at;
            while (space < records.length && records[space] != ' ') {
                space++;
            }
            String length = new String(records, at, space - at, StandardCharsets.US_ASCII);
            int bytes = length.matches("[1-9][0-9]{0,5}") ? Integer.parseInt(length) : -1;
            if (bytes <= space - at + 1 || at + bytes > records.length) {
                throw new ImageFormatException("pax record of length \"" + length + "\" in a tar archive");
            }
            String record = new String(records, space + 1, at + bytes - space - 2, StandardCharsets.UTF_8);
            if (record.startsWith("path=")) {
                longName = record.substring("path=".length());
            } else if (record.startsWith("linkpath=")) {
                longTarget = record.substring("linkpath=".length());
            }
            at += bytes;
        }
    }

    private static long padded(long size) {
        return (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    }

    private static String strip(String path) {
        String stripped = path;
        while (stripped.startsWith("./") || stripped.startsWith("/")) {
            stripped = stripped.substring(stripped.indexOf('/') + 1);
        }
        while (stripped.endsWith("/")) {
            stripped = stripped.substring(0, stripped.length() - 1);
        }
        return stripped.equals(".") ? "" : stripped;
    }

    private static String text(byte[] bytes, int from, int length) {
        int end = from;
        while (end < from + length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, from, end - from, StandardCharsets.UTF_8);
    }

    private static long octal(byte[] header, int from, int length) throws ImageFormatException {
        String digits = text(header, from, length).strip();
        if (!digits.matches("[0-7]{0,12}")) {
            throw new ImageFormatException("tar header has \"" + digits + "\" for an octal number");
        }
        return digits.isEmpty() ? 0 : Long.parseLong(digits, 8);
    }
}
