package io.sosia.appliance.image;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// Writes a [FileTree] as a cpio archive of the "newc" format that Linux unpacks as initial RAM disk
/// (`Documentation/driver-api/early-userspace/buffer-format.rst`). The same tree gives the same bytes.
final class CpioWriter {

    private static final int HEADER_BYTES = 110;
    private static final int ALIGNMENT_BYTES = 4;
    private static final int S_IFDIR = 0040000;
    private static final int S_IFREG = 0100000;
    private static final int S_IFLNK = 0120000;

    private final OutputStream out;
    private final long epochSeconds;
    private int inode = 1;

    private CpioWriter(OutputStream out, long epochSeconds) {
        this.out = out;
        this.epochSeconds = epochSeconds;
    }

    /// @param epochSeconds modification time of every entry, seconds since 1970, below 2^32
    /// @throws IOException when `out` fails
    static void write(FileTree tree, OutputStream out, long epochSeconds) throws IOException {
        if (epochSeconds < 0 || epochSeconds > 0xffff_ffffL) {
            throw new IllegalArgumentException("modification time " + epochSeconds + " is outside 0 to 2^32-1");
        }
        CpioWriter writer = new CpioWriter(out, epochSeconds);
        for (Map.Entry<String, FileTree.Node> entry : tree.entries().entrySet()) {
            writer.node(entry.getKey(), entry.getValue());
        }
        writer.inode = 0;
        writer.entry("TRAILER!!!", 0, 0, 0, new byte[0]);
    }

    private void node(String path, FileTree.Node node) throws IOException {
        switch (node) {
            case FileTree.Directory(int mode, int uid, int gid) -> entry(path, S_IFDIR | mode, uid, gid, new byte[0]);
            case FileTree.RegularFile(int mode, int uid, int gid, byte[] content) ->
                entry(path, S_IFREG | mode, uid, gid, content);
            case FileTree.SymbolicLink(String target) ->
                entry(path, S_IFLNK | 0777, 0, 0, target.getBytes(StandardCharsets.UTF_8));
        }
    }

    private void entry(String path, int mode, int uid, int gid, byte[] content) throws IOException {
        byte[] name = (path + "\0").getBytes(StandardCharsets.UTF_8);
        boolean directory = (mode & 0170000) == S_IFDIR;
        long[] fields = {
            inode, mode, uid, gid, directory ? 2 : 1, inode == 0 ? 0 : epochSeconds, content.length, 0, 0, 0, 0,
            name.length, 0
        };
        StringBuilder header = new StringBuilder("070701");
        for (long field : fields) {
            header.append("%08X".formatted(field));
        }
        out.write(header.toString().getBytes(StandardCharsets.US_ASCII));
        out.write(name);
        pad(HEADER_BYTES + name.length);
        out.write(content);
        pad(content.length);
        inode++;
    }

    private void pad(int written) throws IOException {
        out.write(new byte[Math.floorMod(-written, ALIGNMENT_BYTES)]);
    }
}
