package io.sosia.appliance.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class GuestFilesTest {

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void readsTheAppletsOutOfBusybox() {
        assertThat(GuestFiles.busyboxApplets(latin("code nice\0 [\0[[\0ash\0awk\0zcat\0Usage: echo\0fuser\0")))
                .containsExactly("[", "[[", "ash", "awk", "zcat");
    }

    @Test
    void findsNoAppletsInAnotherProgram() {
        assertThat(GuestFiles.busyboxApplets(latin("\177ELF hello\0world\0"))).isEmpty();
        assertThat(GuestFiles.busyboxApplets(latin("[\0[[\0ash\0awk"))).containsExactly("[", "[[", "ash");
    }
}
