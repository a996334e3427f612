package io.sosia.appliance.image;

import io.sosia.appliance.image.HostCommand.Outcome;
import io.sosia.appliance.image.HostCommand.Tool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/// Writes a [FileTree] as a sparse ext4 file system, with mke2fs and debugfs of e2fsprogs.
///
/// debugfs puts each file in with the owner, mode and time it is told: `mke2fs -d` would copy those of the building
/// user's files, needing root for the first and giving other bytes each time for the last. The same tree, identity
/// and release of e2fsprogs give the same bytes.
final class Ext4Disk {

    /// @param bytes size of the file system, a multiple of 1 MiB
    /// @param label volume label, up to 16 characters
    /// @param uuid its UUID, also the seed of its directory hashes
    /// @param epochSeconds time of every file and of the making, seconds since 1970
    record Identity(long bytes, String label, UUID uuid, long epochSeconds) {}

    private final HostCommand host;
    private final Path work;
    private final Identity identity;

    /// @param work an empty directory for the files in between
    Ext4Disk(HostCommand host, Path work, Identity identity) {
        this.host = host;
        this.work = work;
        this.identity = Objects.requireNonNull(identity, "identity");
    }

    /// @param configuration text of an `mke2fs.conf`, in place of the host's
    /// @throws ImageBuildException when a tool fails or the outcome is not a clean file system
    void write(FileTree tree, Path disk, String configuration) throws IOException, ImageBuildException {
        Files.createDirectories(work);
        Path conf = Files.writeString(work.resolve("mke2fs.conf"), configuration);
        Map<String, String> environment = Map.of(
                "MKE2FS_CONFIG", conf.toString(),
                "E2FSPROGS_FAKE_TIME", Long.toString(identity.epochSeconds()),
                "SOURCE_DATE_EPOCH", Long.toString(identity.epochSeconds()));
        String extended = "hash_seed=" + identity.uuid() + ",root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0";
        host.run(Tool.MKE2FS, environment, List.of(
                "-q", "-F", "-t", "ext4", "-m", "1", "-J", "size=8", "-L", identity.label(), "-U",
                identity.uuid().toString(), "-E", extended, disk.toString(), (identity.bytes() >> 10) + "k"));

        Path script = Files.writeString(work.resolve("debugfs.commands"), script(tree));
        Outcome debugfs =
                host.run(Tool.DEBUGFS, environment, List.of("-w", "-f", script.toString(), disk.toString()));
        Optional<String> complaint = debugfs.err().lines()
                .filter(line -> !line.isBlank() && !line.startsWith("debugfs "))
                .findFirst();
        if (complaint.isPresent()) {
            throw new ImageBuildException("debugfs could not fill the root disk: " + complaint.get());
        }
        host.run(Tool.E2FSCK, environment, List.of("-f", "-n", disk.toString()));
    }

    private String script(FileTree tree) throws IOException {
        StringBuilder commands = new StringBuilder();
        Path contents = Files.createDirectories(work.resolve("contents"));
        String at = "/";
        int number = 0;
        for (Map.Entry<String, FileTree.Node> entry : tree.entries().entrySet()) {
            String path = entry.getKey();
            int slash = path.lastIndexOf('/');
            String parent = "/" + path.substring(0, Math.max(slash, 0));
            String name = path.substring(slash + 1);
            if (!parent.equals(at)) {
                commands.append("cd ").append(quoted(parent)).append('\n');
                at = parent;
            }
            switch (entry.getValue()) {
                case FileTree.Directory(int mode, int uid, int gid) -> {
                    commands.append("mkdir ").append(quoted(name)).append('\n');
                    attributes(commands, name, 0040000 | mode, uid, gid);
                }
                case FileTree.RegularFile(int mode, int uid, int gid, byte[] content) -> {
                    Path source = Files.write(contents.resolve(Integer.toString(number++)), content);
                    commands.append("write ").append(quoted(source.toString())).append(' ').append(quoted(name))
                            .append('\n');
                    attributes(commands, name, 0100000 | mode, uid, gid);
                }
                case FileTree.SymbolicLink(String target) -> commands.append("symlink ")
                        .append(quoted(name)).append(' ').append(quoted(target)).append('\n');
            }
        }
        return commands.toString();
    }

    private static void attributes(StringBuilder commands, String name, int mode, int uid, int gid) {
        commands.append("sif ").append(quoted(name)).append(" mode 0").append(Integer.toOctalString(mode)).append('\n');
        if (uid != 0) {
            commands.append("sif ").append(quoted(name)).append(" uid ").append(uid).append('\n');
        }
        if (gid != 0) {
            commands.append("sif ").append(quoted(name)).append(" gid ").append(gid).append('\n');
        }
    }

    /// debugfs splits at spaces and knows double quotes, doubled inside.
    private static String quoted(String word) {
        if (word.getBytes(StandardCharsets.UTF_8).length > 4096 || word.chars().anyMatch(c -> c < ' ')) {
            throw new IllegalArgumentException("path of " + word.length() + " characters or with control characters");
        }
        return '"' + word.replace("\"", "\"\"") + '"';
    }
}
