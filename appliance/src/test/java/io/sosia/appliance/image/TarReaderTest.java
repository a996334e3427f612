package io.sosia.appliance.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TarReaderTest {

    private final ByteArrayOutputStream tar = new ByteArrayOutputStream();
    private final FileTree tree = new FileTree();

    private void entry(char type, String name, String target, int mode, byte[] content) {
        byte[] header = new byte[512];
        put(header, 0, name);
        put(header, 100, "%07o".formatted(mode));
        put(header, 108, "%07o".formatted(0));
        put(header, 116, "%07o".formatted(42));
        put(header, 124, "%011o".formatted(content.length));
        put(header, 136, "%011o".formatted(1_700_000_000L + name.length()));
        header[156] = (byte) type;
        put(header, 157, target);
        put(header, 257, "ustar");
        Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte each : header) {
            sum += each & 0xff;
        }
        put(header, 148, "%06o\0".formatted(sum));
        tar.writeBytes(header);
        tar.writeBytes(content);
        tar.writeBytes(new byte[Math.floorMod(-content.length, 512)]);
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private long read() throws IOException {
        tar.writeBytes(new byte[1024]);
        return TarReader.read(new ByteArrayInputStream(tar.toByteArray()), tree, path -> !path.startsWith("skip"));
    }

    @Test
    void readsFilesDirectoriesAndLinks() throws IOException {
        entry('5', "./", "", 0755, bytes(""));
        entry('5', "./usr/", "", 0755, bytes(""));
        entry('0', "./usr/tool", "", 04755, bytes("tool"));
        entry('2', "./tool", "usr/tool", 0777, bytes(""));
        entry('1', "./usr/same", "./usr/tool", 0, bytes(""));
        entry('0', "./skipped", "", 0644, bytes("x".repeat(513)));

        assertThat(read()).isEqualTo(1_700_000_000L + "./usr/tool".length());
        assertThat(tree.entries().keySet()).containsExactly("tool", "usr", "usr/same", "usr/tool");
        assertThat(tree.get("usr/tool")).contains(new FileTree.RegularFile(04755, 0, 42, bytes("tool")));
        assertThat(tree.get("usr/same")).isEqualTo(tree.get("usr/tool"));
        assertThat(tree.get("tool")).contains(new FileTree.SymbolicLink("usr/tool"));
    }

    @Test
    void readsLongNamesOfBothKinds() throws IOException {
        String gnu = "a".repeat(150);
        String pax = "b".repeat(160);
        entry('L', "././@LongLink", "", 0, bytes("./" + gnu + "\0"));
        entry('0', "./short", "", 0644, bytes("1"));
        entry('x', "PaxHeader", "", 0, bytes("11 mtime=1\n170 path=" + pax + "\n"));
        entry('0', "./short", "", 0644, bytes("2"));

        read();
        assertThat(tree.entries().keySet()).containsExactly(gnu, pax);
    }

    @Test
    void refusesAHeaderWithAWrongChecksum() {
        entry('0', "./a", "", 0644, bytes("1"));
        byte[] broken = tar.toByteArray();
        broken[0] ^= 1;

        assertThatThrownBy(() -> TarReader.read(new ByteArrayInputStream(broken), tree, path -> true))
                .isInstanceOf(ImageFormatException.class)
                .hasMessageContaining("checksum");
    }

    @Test
    void refusesAnArchiveThatEndsEarly() {
        entry('0', "./a", "", 0644, bytes("1".repeat(600)));
        byte[] whole = tar.toByteArray();
        for (int length : new int[] {0, 100, 512, 700, 1100, whole.length}) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> TarReader.read(new ByteArrayInputStream(cut), new FileTree(), path -> true))
                    .as("cut at %d", length)
                    .isInstanceOf(EOFException.class);
        }
    }

    @Test
    void refusesDevicesAndPathsOutside() {
        entry('3', "./dev/null", "", 0666, bytes(""));
        assertThatThrownBy(this::read).hasMessageContaining("type '3'");

        tar.reset();
        entry('0', "../outside", "", 0644, bytes(""));
        assertThatThrownBy(this::read).isInstanceOf(ImageFormatException.class).hasMessageContaining("..");
    }

    @Test
    void failsOnlyWithIoExceptionsOnDamagedArchives() {
        entry('5', "./usr/", "", 0755, bytes(""));
        entry('x', "PaxHeader", "", 0, bytes("15 path=usr/ab\n"));
        entry('0', "./usr/tool", "", 0755, bytes("tool"));
        tar.writeBytes(new byte[1024]);
        byte[] whole = tar.toByteArray();
        long seed = 20260901;
        Random random = new Random(seed);
        for (int round = 0; round < 2000; round++) {
            byte[] damaged = whole.clone();
            int header = random.nextInt(3) == 0 ? 1024 : random.nextInt(whole.length / 512) * 512;
            damaged[header + random.nextInt(512)] = (byte) random.nextInt();
            try {
                TarReader.read(new ByteArrayInputStream(damaged), new FileTree(), path -> true);
            } catch (IOException expected) {
                assertThat(expected.getMessage()).isNotBlank();
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + " round " + round, e);
            }
        }
    }
}
