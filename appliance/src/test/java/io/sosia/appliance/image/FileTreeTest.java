package io.sosia.appliance.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class FileTreeTest {

    private final FileTree tree = new FileTree();

    private static FileTree.RegularFile file(String content) {
        return new FileTree.RegularFile(0644, 0, 0, content.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void putsFilesThroughLinkedParents() throws Exception {
        tree.put("usr/lib", new FileTree.Directory(0755, 0, 0));
        tree.put("lib", new FileTree.SymbolicLink("usr/lib"));
        tree.put("./lib/x.so", file("x"));

        assertThat(tree.entries().keySet()).containsExactly("lib", "usr", "usr/lib", "usr/lib/x.so");
        assertThat(tree.content("lib/x.so")).asString().isEqualTo("x");
        assertThat(tree.names("lib")).containsExactly("x.so");
    }

    @Test
    void keepsALinkWhereADirectoryIsPut() throws Exception {
        tree.put("bin", new FileTree.SymbolicLink("usr/bin"));
        tree.put("bin", new FileTree.Directory(0755, 0, 0));
        tree.put("bin/sh", file("sh"));

        assertThat(tree.get("bin")).contains(new FileTree.SymbolicLink("usr/bin"));
        assertThat(tree.get("usr/bin/sh")).contains(file("sh"));
    }

    @Test
    void followsAbsoluteAndUpwardLinksInsideTheTree() throws Exception {
        tree.put("run", new FileTree.Directory(0755, 0, 0));
        tree.put("var/run", new FileTree.SymbolicLink("/run"));
        tree.put("var/lock", new FileTree.SymbolicLink("../../../run/lock"));
        tree.put("var/run/a", file("a"));
        tree.put("var/lock/b", file("b"));

        assertThat(tree.get("run/a")).contains(file("a"));
        assertThat(tree.get("run/lock/b")).contains(file("b"));
    }

    @Test
    void sortsEveryDirectoryBeforeWhatIsInIt() throws Exception {
        tree.put("a/b", file("1"));
        tree.put("a-b", file("2"));

        assertThat(tree.entries().keySet()).containsExactly("a", "a-b", "a/b");
    }

    @Test
    void refusesPathsThatLeaveTheTree() {
        assertThatThrownBy(() -> tree.put("../etc/passwd", file("")))
                .isInstanceOf(ImageFormatException.class)
                .hasMessageContaining("\"..\"");
        assertThatThrownBy(() -> tree.put("a/../../b", file(""))).isInstanceOf(ImageFormatException.class);
        assertThatThrownBy(() -> tree.put("./", file(""))).isInstanceOf(ImageFormatException.class);
    }

    @Test
    void refusesAFileWhereADirectoryIs() throws Exception {
        tree.put("etc/a", file(""));

        assertThatThrownBy(() -> tree.put("etc", file(""))).hasMessageContaining("/etc is a directory");
        assertThatThrownBy(() -> tree.put("etc/a/b", file(""))).hasMessageContaining("/etc/a is not a directory");
    }

    @Test
    void endsAtARingOfLinks() throws Exception {
        tree.put("a", new FileTree.SymbolicLink("b"));
        tree.put("b", new FileTree.SymbolicLink("a"));

        assertThatThrownBy(() -> tree.put("a/c", file(""))).hasMessageContaining("more than 40 links");
    }
}
