package io.sosia.appliance.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.memory.GuestRam;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BootImageTest {

    private static byte[] linux(long textOffset, long imageBytes, long flags) {
        ByteBuffer file = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        return file.putLong(8, textOffset).putLong(16, imageBytes).putLong(24, flags).putInt(56, 0x05435352).array();
    }

    private static byte[] elf() {
        return Programs.elf(Assembler::nop);
    }

    private static byte[] patched(byte[] file, int at, long value, int width) {
        for (int i = 0; i < width; i++) {
            file[at + i] = (byte) (value >>> 8 * i);
        }
        return file;
    }

    private static BootImage parse(String name, byte[] file) throws BootImageException {
        return BootImage.parse(name, ByteBuffer.wrap(file));
    }

    private static void assertRefused(byte[] file, String... words) {
        assertThatThrownBy(() -> parse("thing.bin", file)).isInstanceOf(BootImageException.class)
                .hasMessageStartingWith("thing.bin: ").hasMessageContainingAll(words).hasMessageNotContaining("\n");
    }

    @Test
    void linuxImageGoesToItsTextOffset() throws BootImageException {
        BootImage image = parse("kernel", linux(0x20_0000, 0x100_0000, 0));
        assertThat(image.entry()).isEqualTo(GuestRam.BASE + 0x20_0000);
        assertThat(image.end()).isEqualTo(GuestRam.BASE + 0x120_0000);
        GuestRam ram = new GuestRam(64 << 20);
        image.copyTo(ram);
        assertThat(ram.read32(0x20_0000 + 56)).isEqualTo(0x05435352);
    }

    @Test
    void elfSegmentsGoToTheirPhysicalAddresses() throws BootImageException {
        BootImage image = parse("program", elf());
        assertThat(image).isInstanceOf(BootImage.StaticElf.class);
        assertThat(image.entry()).isEqualTo(GuestRam.BASE);
        assertThat(image.end()).isEqualTo(GuestRam.BASE + 4 + 4096);
        GuestRam ram = new GuestRam(64 << 20);
        image.copyTo(ram);
        assertThat(ram.read32(0)).isEqualTo(0x13);
    }

    @Test
    void elfHeadersOnThePageBeforeRamAreLeftOut() throws BootImageException {
        byte[] code = Programs.program(Assembler::nop).bytes();
        byte[] file = Arrays.copyOf(elf(), 4096 + code.length);
        System.arraycopy(code, 0, file, 4096, code.length);
        patched(file, 72, 0, 8);
        patched(file, 80, GuestRam.BASE - 4096, 8);
        patched(file, 88, GuestRam.BASE - 4096, 8);
        patched(file, 96, file.length, 8);
        patched(file, 104, file.length, 8);
        BootImage image = parse("program", file);
        GuestRam ram = new GuestRam(64 << 20);
        image.copyTo(ram);
        assertThat(ram.read32(0)).isEqualTo(0x13);
        assertThat(image.end()).isEqualTo(GuestRam.BASE + code.length);
    }

    @Test
    void elfForAnUpperHalfStartsAtItsPhysicalEntry() throws Exception {
        byte[] file = patched(elf(), 80, 0xffff_ffff_8000_0000L, 8);
        assertThat(parse("program", file).entry()).as("entry given as physical").isEqualTo(GuestRam.BASE);
        patched(file, 24, 0xffff_ffff_8000_0000L, 8);
        assertThat(parse("program", file).entry()).as("entry given as virtual").isEqualTo(GuestRam.BASE);
    }

    @Test
    void otherFilesAreNamed() {
        assertRefused(new byte[0], "neither");
        assertRefused(new byte[100], "neither");
        assertRefused(patched(new byte[100], 0, 0x8b1f, 2), "gzip -d");
        assertRefused(patched(new byte[100], 0, 0x587a37fd, 4), "xz -d");
        assertRefused(patched(new byte[100], 0, 0xfd2fb528L, 4), "zstd -d");
    }

    @Test
    void badLinuxHeadersAreNamed() {
        assertRefused(linux(-4096, 4096, 0), "text offset");
        assertRefused(linux(5, 4096, 0), "text offset");
        assertRefused(linux(0, -1, 0), "image size");
        assertRefused(linux(0, 1L << 40, 0), "image size");
        assertRefused(linux(0, 4096, 1), "big-endian");
    }

    @Test
    void unsuitableElfFilesAreNamed() {
        assertRefused(Arrays.copyOf(elf(), 30), "cut");
        assertRefused(patched(elf(), 18, 62, 2), "RISC-V");
        assertRefused(patched(elf(), 4, 1, 1), "64-bit");
        assertRefused(patched(elf(), 16, 3, 2), "-no-pie");
        assertRefused(patched(elf(), 16, 1, 2), "type 1");
        assertRefused(patched(elf(), 64, 3, 4), "dynamically");
        assertRefused(patched(elf(), 64, 6, 4), "nothing to load");
        assertRefused(patched(elf(), 24, 0x1000, 8), "entry 0x1000");
        assertRefused(patched(elf(), 24, GuestRam.BASE + 1, 8), "entry 0x80000001", "odd");
        assertRefused(patched(elf(), 88, 0x1000, 8), "0x1000", "0x80000000");
        assertRefused(patched(elf(), 104, 1L << 40, 8), "2046 MiB");
        assertRefused(patched(elf(), 96, 1 << 20, 8), "cut short");
        assertRefused(patched(elf(), 32, 1 << 20, 8), "program headers");
        assertRefused(patched(elf(), 32, -1, 8), "program headers");
        assertRefused(patched(elf(), 54, 12, 2), "program headers");
    }

    @Test
    void corruptHeadersAreRefusedOrLoadable() {
        GuestRam ram = new GuestRam(64 << 20);
        for (int seed = 0; seed < 5000; seed++) {
            Random random = new Random(seed);
            byte[] file = random.nextBoolean() ? elf() : linux(0x20_0000, 0x10_0000, 0);
            for (int i = 0; i < 1 + random.nextInt(4); i++) {
                file[random.nextInt(120)] = (byte) random.nextInt();
            }
            try {
                BootImage image = parse("file", file);
                if (image.end() <= GuestRam.BASE + (64 << 20)) {
                    image.copyTo(ram);
                }
            } catch (BootImageException expected) {
                assertThat(expected.getMessage()).startsWith("file: ");
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }
}
