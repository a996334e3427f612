package io.sosia.appliance.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// What a program or library asks of the dynamic linker (System V ABI, chapter 5; ELF64, little-endian).
final class ElfFile {

    private static final int PT_LOAD = 1;
    private static final int PT_DYNAMIC = 2;
    private static final int DT_NULL = 0;
    private static final int DT_NEEDED = 1;
    private static final int DT_STRTAB = 5;

    private ElfFile() {}

    /// Whether these are the bytes of an ELF64 little-endian file.
    static boolean isElf64(byte[] bytes) {
        return bytes.length >= 64
                && bytes[0] == 0x7f
                && bytes[1] == 'E'
                && bytes[2] == 'L'
                && bytes[3] == 'F'
                && bytes[4] == 2
                && bytes[5] == 1;
    }

    /// Names of the shared libraries it needs, in its order; none when it is no ELF file or statically linked.
    ///
    /// @throws ImageFormatException when its headers point outside it
    static List<String> needed(byte[] bytes) throws ImageFormatException {
        if (!isElf64(bytes)) {
            return List.of();
        }
        try {
            return dynamic(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        } catch (IndexOutOfBoundsException | ArithmeticException e) {
            throw new ImageFormatException("ELF file of " + bytes.length
                    + " bytes has headers that point outside it", e);
        }
    }

    private static List<String> dynamic(ByteBuffer elf) throws ImageFormatException {
        int programHeaders = Math.toIntExact(elf.getLong(32));
        int entryBytes = elf.getShort(54) & 0xffff;
        int count = elf.getShort(56) & 0xffff;
        List<Long> needed = new ArrayList<>();
        long strings = -1;
        for (int i = 0; i < count; i++) {
            int header = programHeaders + i * entryBytes;
            if (elf.getInt(header) != PT_DYNAMIC) {
                continue;
            }
            int at = Math.toIntExact(elf.getLong(header + 8));
            int end = Math.addExact(at, Math.toIntExact(elf.getLong(header + 32)));
            for (; at < end && elf.getLong(at) != DT_NULL; at += 16) {
                if (elf.getLong(at) == DT_NEEDED) {
                    needed.add(elf.getLong(at + 8));
                } else if (elf.getLong(at) == DT_STRTAB) {
                    strings = elf.getLong(at + 8);
                }
            }
        }
        List<String> names = new ArrayList<>();
        for (long offset : needed) {
            names.add(string(elf, fileOffset(elf, programHeaders, entryBytes, count, strings)
                    + Math.toIntExact(offset)));
        }
        return names;
    }

    private static int fileOffset(ByteBuffer elf, int programHeaders, int entryBytes, int count, long address)
            throws ImageFormatException {
        for (int i = 0; i < count; i++) {
            int header = programHeaders + i * entryBytes;
            long start = elf.getLong(header + 16);
            if (elf.getInt(header) == PT_LOAD && address >= start && address < start + elf.getLong(header + 32)) {
                return Math.toIntExact(address - start + elf.getLong(header + 8));
            }
        }
        throw new ImageFormatException("ELF file has its string table at 0x" + Long.toHexString(address)
                + ", outside every segment");
    }

    static String string(ByteBuffer elf, int at) {
        int end = at;
        while (elf.get(end) != 0) {
            end++;
        }
        byte[] bytes = new byte[end - at];
        elf.get(at, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
