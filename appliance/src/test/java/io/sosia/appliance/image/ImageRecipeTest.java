package io.sosia.appliance.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import org.junit.jupiter.api.Test;

class ImageRecipeTest {

    private final ImageRecipe recipe = ImageRecipe.load();

    @Test
    void namesTheServicesAndNothingTwice() {
        assertThat(recipe.rootPackages()).contains("redis-server", "sqlite3", "nginx-light", "dropbear-bin");
        assertThat(recipe.withoutPackages()).doesNotContainAnyElementsOf(recipe.rootPackages()).doesNotHaveDuplicates();
        assertThat(recipe.applets().stream().map(ImageRecipe.Applet::path)).doesNotHaveDuplicates();
    }

    @Test
    void loadsFileSystemAndDiskDriversAfterTheBus() {
        assertThat(recipe.modules()).startsWith("virtio_mmio").endsWith("ext4").contains("virtio_blk", "virtio_net");
    }

    @Test
    void givesTheKernelAConsoleARootAndAnAddress() {
        GuestImage.checkCommandLine(recipe.commandLine());
        assertThat(recipe.commandLine())
                .contains("console=ttyS0 root=/dev/vda rw")
                .contains("sosia.ip=10.0.2.15/24 sosia.gateway=10.0.2.2 sosia.dns=10.0.2.3");
    }

    @Test
    void keepsCopyrightsAndLeavesDocumentationOut() {
        assertThat(recipe.isWanted("usr/share/doc/redis-server/copyright")).isTrue();
        assertThat(recipe.isWanted("usr/share/doc/redis-server/changelog.Debian.gz")).isFalse();
        assertThat(recipe.isWanted("etc/init.d/redis-server")).isFalse();
        assertThat(recipe.isWanted("usr/bin/redis-cli")).isTrue();
    }

    @Test
    void refersToUsersThatExist() {
        HashSet<Integer> groups = new HashSet<>();
        HashSet<Integer> users = new HashSet<>();
        for (ImageRecipe.Overlay each : recipe.rootOverlay()) {
            if (each.node() instanceof FileTree.RegularFile file && each.path().matches("etc/(passwd|group)")) {
                new String(file.content(), StandardCharsets.UTF_8).lines().forEach(line ->
                        (each.path().equals("etc/group") ? groups : users).add(Integer.parseInt(line.split(":")[2])));
            }
        }
        for (ImageRecipe.Overlay each : recipe.rootOverlay()) {
            switch (each.node()) {
                case FileTree.Directory(int _, int uid, int gid) -> {
                    assertThat(users).as(each.path()).contains(uid);
                    assertThat(groups).as(each.path()).contains(gid);
                }
                case FileTree.RegularFile(int _, int uid, int gid, byte[] _) -> {
                    assertThat(users).as(each.path()).contains(uid);
                    assertThat(groups).as(each.path()).contains(gid);
                }
                case FileTree.SymbolicLink _ -> assertThat(each.path()).isNotEmpty();
            }
        }
    }
}
