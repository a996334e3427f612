package io.sosia.appliance.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KernelModuleTest {

    private static final int TEXT = 1;
    private static final int RELA = 2;
    private static final int SYMTAB = 3;
    private static final int STRTAB = 4;

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// A module with a local symbol nothing uses, a used label, a used local function and a global one; three
    /// relocations, 4 KiB of type information.
    private static byte[] module() {
        String names = "\0unused\0.L7\0helper\0init_module\0";
        ByteBuffer table = little(5 * 24);
        symbol(table, 1, names.indexOf("unused"), 0x00, 0x11);
        symbol(table, 2, names.indexOf(".L7"), 0x00, 0x22);
        symbol(table, 3, names.indexOf("helper"), 0x02, 0x33);
        symbol(table, 4, names.indexOf("init_module"), 0x12, 0x44);
        ByteBuffer rela = little(3 * 24);
        for (int symbol : new int[] {4, 2, 3}) {
            rela.putLong(symbol).putLong((long) symbol << 32 | 2).putLong(0);
        }
        byte[] sectionNames = "\0.text\0.rela.text\0.symtab\0.strtab\0.BTF\0.shstrtab\0".getBytes(
                StandardCharsets.US_ASCII);
        String all = new String(sectionNames, StandardCharsets.US_ASCII);
        List<byte[]> contents = List.of(
                new byte[0], new byte[100], rela.array(), table.array(), names.getBytes(StandardCharsets.US_ASCII),
                new byte[4096], sectionNames);
        int[] types = {0, 1, 4, 2, 3, 1, 3};
        String[] labels = {"", ".text", ".rela.text", ".symtab", ".strtab", ".BTF", ".shstrtab"};
        int[] links = {0, 0, SYMTAB, STRTAB, 0, 0, 0};
        int[] infos = {0, 0, TEXT, 4, 0, 0, 0};

        ByteBuffer elf = little(8192);
        elf.position(64);
        List<ByteBuffer> headers = new ArrayList<>();
        for (int i = 0; i < types.length; i++) {
            elf.position((elf.position() + 7) / 8 * 8);
            ByteBuffer header = little(64);
            header.putInt(0, labels[i].isEmpty() ? 0 : all.indexOf(labels[i] + "\0")).putInt(4, types[i]);
            header.putLong(24, types[i] == 0 ? 0 : elf.position()).putLong(32, contents.get(i).length);
            header.putInt(40, links[i]).putInt(44, infos[i]).putLong(48, 8);
            headers.add(header);
            elf.put(contents.get(i));
        }
        elf.position((elf.position() + 7) / 8 * 8);
        elf.put(0, new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
        elf.putShort(16, (short) 1).putLong(40, elf.position()).putShort(58, (short) 64);
        elf.putShort(60, (short) types.length).putShort(62, (short) 6);
        headers.forEach(header -> elf.put(header.array()));
        return Arrays.copyOf(elf.array(), elf.position());
    }

    private static void symbol(ByteBuffer table, int index, int name, int info, int value) {
        table.putInt(index * 24, name).put(index * 24 + 4, (byte) info).putLong(index * 24 + 8, value);
    }

    private static byte[] signed(byte[] module, int signatureBytes) {
        ByteBuffer out = ByteBuffer.allocate(module.length + 300);
        out.put(module).put(new byte[signatureBytes]);
        out.put(new byte[] {0, 0, 2, 0, 0, 0, 0, 0}).putInt(signatureBytes);
        out.put("~Module signature appended~\n".getBytes(StandardCharsets.US_ASCII));
        return Arrays.copyOf(out.array(), out.position());
    }

    private static ByteBuffer section(ByteBuffer elf, int index) {
        int header = (int) elf.getLong(40) + index * 64;
        return elf.slice((int) elf.getLong(header + 24), (int) elf.getLong(header + 32)).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void cutsTheSignatureOff() throws Exception {
        byte[] module = module();

        assertThat(KernelModule.withoutSignature(signed(module, 200))).isEqualTo(module);
        assertThat(KernelModule.withoutSignature(module)).isSameAs(module);
    }

    @Test
    void refusesASignatureLongerThanTheModule() {
        byte[] lying = signed(module(), 20);
        ByteBuffer.wrap(lying).putInt(lying.length - 32, 1 << 20);

        assertThatThrownBy(() -> KernelModule.lighten("ext4", lying))
                .isInstanceOf(ImageFormatException.class)
                .hasMessageContaining("kernel module ext4: its signature of 1048576 bytes");
    }

    @Test
    void keepsWhatRelocationsNameAndRenumbersThem() throws Exception {
        byte[] lightened = KernelModule.lighten("m", signed(module(), 200));
        ByteBuffer light = ByteBuffer.wrap(lightened).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer symbols = section(light, SYMTAB);
        ByteBuffer names = section(light, STRTAB);
        ByteBuffer relocations = section(light, RELA);

        assertThat(symbols.capacity()).isEqualTo(4 * 24);
        List<String> named = new ArrayList<>();
        for (int at = 0; at < relocations.capacity(); at += 24) {
            int symbol = relocations.getInt(at + 12) * 24;
            String name = ElfFile.string(names, symbols.getInt(symbol));
            named.add(relocations.getLong(at) + "->" + name + Long.toHexString(symbols.getLong(symbol + 8)));
        }
        assertThat(named).containsExactly("4->init_module44", "2->22", "3->helper33");
        int firstGlobal = light.getInt((int) light.getLong(40) + SYMTAB * 64 + 44);
        assertThat(firstGlobal).isEqualTo(3);
    }

    @Test
    void dropsTypeInformationAndGaps() throws Exception {
        byte[] module = module();

        assertThat(KernelModule.lighten("m", module)).hasSizeLessThan(module.length - 4096);
    }

    @Test
    void changesNothingMoreTheSecondTime() throws Exception {
        byte[] once = KernelModule.lighten("m", module());

        assertThat(KernelModule.lighten("m", once)).isEqualTo(once);
    }

    @Test
    void takesNoMemoryForSizesThatPointOutsideTheModule() {
        byte[] module = module();
        ByteBuffer elf = ByteBuffer.wrap(module).order(ByteOrder.LITTLE_ENDIAN);
        int headers = (int) elf.getLong(40);
        for (int section = 1; section < elf.getShort(60); section++) {
            byte[] damaged = module.clone();
            ByteBuffer.wrap(damaged)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(headers + section * 64 + 32, Integer.MAX_VALUE);

            assertThatThrownBy(() -> KernelModule.lighten("m", damaged))
                    .as("section %d", section)
                    .isInstanceOf(ImageFormatException.class)
                    .hasMessageContaining("point outside it");
        }
    }

    @Test
    void failsOnlyWithFormatExceptionsOnDamagedModules() {
        byte[] whole = signed(module(), 100);
        long seed = 20260902;
        Random random = new Random(seed);
        for (int round = 0; round < 20_000; round++) {
            byte[] damaged = Arrays.copyOf(whole, random.nextInt(4) == 0 ? random.nextInt(whole.length) : whole.length);
            for (int i = 0; i < 3 && damaged.length > 0; i++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            try {
                KernelModule.lighten("m", damaged);
                ElfFile.needed(damaged);
            } catch (ImageFormatException expected) {
                assertThat(expected.getMessage()).isNotBlank();
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + " round " + round, e);
            }
        }
    }
}
