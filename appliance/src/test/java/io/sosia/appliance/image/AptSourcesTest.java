package io.sosia.appliance.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class AptSourcesTest {

    private static String target(String uri, String rest) {
        return """
                MetaKey: main/binary-amd64/Packages
                ShortDesc: Packages
                Fallback-Of:\s
                Repo-URI: %s
                Target-Of: deb
                %s

                """.formatted(uri, rest.indent(0).strip());
    }

    @Test
    void findsTheMirrorOfTheMainArchiveAndNoOther() {
        String targets = target("http://tools.example/apt/", "Origin: Tools\nLabel: Tools\nComponent: main")
                + target(
                        "http://mirror.example/debian-security/",
                        "Origin: Debian\nLabel: Debian-Security\nComponent: main")
                + target("http://mirror.example/debian/", "Origin: Debian\nLabel: Debian\nComponent: main")
                + target("http://mirror.example/debian/", "Origin: Debian\nLabel: Debian\nComponent: contrib")
                + target("https://second.example/debian/", "Origin: Debian\nLabel: Debian\nComponent: main");

        assertThat(AptSources.debianMirrors(targets))
                .containsExactly("http://mirror.example/debian", "https://second.example/debian");
    }

    @Test
    void goesByTheAddressWhileTheListsAreNotFetched() {
        String targets = target("http://mirror.example/debian-security/", "Component: main")
                + target("http://mirror.example/debian/", "Component: main");

        assertThat(AptSources.debianMirrors(targets)).containsExactly("http://mirror.example/debian");
    }

    @Test
    void leavesOutDiscsAndForeignDistributions() {
        String targets = target("cdrom:[Disc]/debian/", "Origin: Debian\nLabel: Debian\nComponent: main")
                + target("http://mirror.example/ubuntu/", "Origin: Ubuntu\nLabel: Ubuntu\nComponent: main");

        assertThat(AptSources.debianMirrors(targets)).isEmpty();
        assertThat(AptSources.debianMirrors("")).isEmpty();
    }

    @Test
    void takesMirrorListsAndLocalCopies() {
        assertThat(AptSources.isMirror("mirror+file:/etc/apt/mirrors/debian.list")).isTrue();
        assertThat(AptSources.isMirror("file:///srv/debian")).isTrue();
        assertThat(AptSources.isMirror("mirror.example/debian")).isFalse();
        assertThat(AptSources.isMirror("http://mirror.example/debian [trusted=yes]")).isFalse();
        assertThat(AptSources.isMirror("http://mirror.example/debian\ndeb x")).isFalse();
    }

    @Test
    void asksForSignedRiscvPackagesOnly() {
        assertThat(AptSources.sourcesLine("http://mirror.example/debian", "trixie", "/keys/debian.gpg"))
                .isEqualTo("deb [arch=riscv64 target=Packages signed-by=/keys/debian.gpg]"
                        + " http://mirror.example/debian trixie main\n");
        assertThat(AptSources.configuration("/cache/apt"))
                .contains("Acquire::AllowInsecureRepositories \"false\";")
                .contains("Dir::State \"/cache/apt/state\";")
                .doesNotContain("@");
    }

    @Test
    void refusesAWorkingDirectoryThatWouldEndTheString() {
        assertThatThrownBy(() -> AptSources.configuration("/a\";APT::Get::AllowUnauthenticated \"true"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
