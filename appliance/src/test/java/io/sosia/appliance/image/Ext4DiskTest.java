package io.sosia.appliance.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.image.HostCommand.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Ext4DiskTest {

    @TempDir
    Path directory;

    private final HostCommand host = HostCommand.ofSystem(System.getenv().getOrDefault("PATH", ""));
    private final FileTree tree = new FileTree();

    @BeforeEach
    void fillTree() throws Exception {
        tree.put("etc", new FileTree.Directory(0755, 0, 0));
        tree.put("etc/shadow", new FileTree.RegularFile(0640, 0, 42, new byte[] {'x', '\n'}));
        tree.put("tmp", new FileTree.Directory(01777, 0, 0));
        tree.put("usr/bin/[", new FileTree.SymbolicLink("/usr/bin/busybox"));
        tree.put("var/lib/two words \"quoted\"", new FileTree.RegularFile(04755, 999, 33, new byte[100_000]));
    }

    private Path written(String name) throws Exception {
        var identity = new Ext4Disk.Identity(
                64 << 20, "test", UUID.fromString("01234567-89ab-8def-8123-456789abcdef"), 1_600_000_000L);
        Path disk = directory.resolve(name);
        new Ext4Disk(host, directory.resolve(name + ".work"), identity)
                .write(tree, disk, ImageRecipe.load().ext4Configuration());
        return disk;
    }

    private String debugfs(Path disk, String command) throws Exception {
        return host.run(Tool.DEBUGFS, Map.of(), List.of("-R", command, disk.toString())).text();
    }

    @Test
    void givesFilesTheOwnersModesAndTimeOfTheTree() throws Exception {
        Path disk = written("disk");

        assertThat(debugfs(disk, "stat /etc/shadow"))
                .containsPattern("Type: regular +Mode: +0640")
                .containsPattern("User: +0 +Group: +42 .*Size: 2")
                .contains("ctime: 0x5f5e1000")
                .contains("mtime: 0x5f5e1000");
        assertThat(debugfs(disk, "stat /tmp")).containsPattern("Type: directory +Mode: +01777");
        assertThat(debugfs(disk, "stat \"/usr/bin/[\"")).contains("Fast link dest: \"/usr/bin/busybox\"");
        assertThat(debugfs(disk, "stat \"/var/lib/two words \"\"quoted\"\"\""))
                .containsPattern("Mode: +04755")
                .containsPattern("User: +999 +Group: +33 .*Size: 100000");
    }

    @Test
    void givesTheSameBytesForTheSameTree() throws Exception {
        assertThat(Files.mismatch(written("one"), written("two"))).isEqualTo(-1);
    }
}
