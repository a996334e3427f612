package io.sosia.appliance.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CpioWriterTest {

    private final FileTree tree = new FileTree();

    @BeforeEach
    void fillTree() throws IOException {
        tree.put("init", new FileTree.RegularFile(0755, 0, 0, "#!/bin/sh\n".getBytes(StandardCharsets.UTF_8)));
        tree.put("bin/sh", new FileTree.SymbolicLink("busybox"));
        tree.put("data", new FileTree.RegularFile(0640, 33, 999, new byte[] {1, 2, 3}));
    }

    private byte[] written() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        CpioWriter.write(tree, out, 0x6543_2100L);
        return out.toByteArray();
    }

    /// Reads an archive by the text of buffer-format.rst, one line an entry.
    private static String listing(byte[] archive) {
        StringBuilder lines = new StringBuilder();
        int at = 0;
        while (true) {
            assertThat(new String(archive, at, 6, StandardCharsets.US_ASCII)).isEqualTo("070701");
            int[] fields = new int[13];
            for (int i = 0; i < fields.length; i++) {
                String digits = new String(archive, at + 6 + 8 * i, 8, StandardCharsets.US_ASCII);
                fields[i] = Integer.parseUnsignedInt(digits, 16);
            }
            int nameAt = at + 110;
            String name = new String(archive, nameAt, fields[11] - 1, StandardCharsets.UTF_8);
            assertThat(archive[nameAt + fields[11] - 1]).isZero();
            int data = (nameAt + fields[11] + 3) / 4 * 4;
            if (name.equals("TRAILER!!!")) {
                assertThat(data).isEqualTo(archive.length);
                return lines.toString();
            }
            lines.append("%o %d:%d %x %s [%s]%n".formatted(fields[1], fields[2], fields[3], fields[5], name,
                    new String(archive, data, fields[6], StandardCharsets.ISO_8859_1)));
            at = (data + fields[6] + 3) / 4 * 4;
        }
    }

    @Test
    void writesEveryEntryWithTypeOwnerAndTime() throws IOException {
        assertThat(listing(written())).isEqualToNormalizingNewlines("""
                40755 0:0 65432100 bin []
                120777 0:0 65432100 bin/sh [busybox]
                100640 33:999 65432100 data [\1\2\3]
                100755 0:0 65432100 init [#!/bin/sh
                ]
                """);
    }

    @Test
    void givesTheSameBytesForTheSameTree() throws IOException {
        assertThat(written()).isEqualTo(written());
    }

    @Test
    void refusesATimeThatDoesNotFitTheField() {
        assertThatThrownBy(() -> CpioWriter.write(tree, new ByteArrayOutputStream(), 1L << 32))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4294967296");
    }
}
