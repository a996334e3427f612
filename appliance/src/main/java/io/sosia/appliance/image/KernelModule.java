package io.sosia.appliance.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/// Makes kernel modules quick to load. Checking their signatures and reading their symbols is half of a boot's
/// instructions; the kernel takes a module without a signature (and says that it is tainted), needs of the local
/// symbols only those that relocations name, of assembler labels no name at all, and type information (BTF) for
/// tracing only. What stays is moved together: ext4 shrinks from 7 MB to 2.
final class KernelModule {

    private static final byte[] SIGNATURE_END = "~Module signature appended~\n".getBytes(StandardCharsets.US_ASCII);

    /// `struct module_signature` (include/linux/module_signature.h): five bytes of kinds and lengths, three of
    /// padding, the signature's length, big-endian.
    private static final int SIGNATURE_INFO_BYTES = 12;

    private static final int ET_REL = 1;
    private static final int SHT_SYMTAB = 2;
    private static final int SHT_STRTAB = 3;
    private static final int SHT_RELA = 4;
    private static final int SHT_GROUP = 17;
    private static final int SHT_NULL = 0;
    private static final int SHT_NOBITS = 8;
    private static final int ELF_HEADER_BYTES = 64;
    private static final int ALIGNMENT_BYTES_MAX = 1 << 16;
    private static final int SYMBOL_BYTES = 24;
    private static final int RELA_BYTES = 24;
    private static final int SECTION_HEADER_BYTES = 64;

    private final ByteBuffer elf;
    private final int[] sections;

    private KernelModule(ByteBuffer elf, int[] sections) {
        this.elf = elf;
        this.sections = sections;
    }

    /// The module without signature, type information and the local symbols nothing refers to.
    ///
    /// @param name for the error message
    /// @param module the bytes of a `.ko`; left as they are
    /// @throws ImageFormatException when it is not a relocatable ELF64 file, or its headers point outside it
    static byte[] lighten(String name, byte[] module) throws ImageFormatException {
        try {
            return withoutDebugging(withoutSignature(module));
        } catch (IndexOutOfBoundsException | ArithmeticException e) {
            throw new ImageFormatException("kernel module " + name + " has headers that point outside it", e);
        } catch (ImageFormatException e) {
            throw new ImageFormatException("kernel module " + name + ": " + e.getMessage(), e);
        }
    }

    /// Cuts an appended signature off; a module without one is returned as it is.
    static byte[] withoutSignature(byte[] module) throws ImageFormatException {
        int marker = module.length - SIGNATURE_END.length;
        int info = marker - SIGNATURE_INFO_BYTES;
        if (info < 0 || !Arrays.equals(module, marker, module.length, SIGNATURE_END, 0, SIGNATURE_END.length)) {
            return module;
        }
        long signature = ByteBuffer.wrap(module).getInt(info + 8) & 0xffff_ffffL;
        long length = info - signature - (module[info + 3] & 0xff) - (module[info + 4] & 0xff);
        if (length < 0) {
            throw new ImageFormatException("its signature of " + signature + " bytes is longer than it is");
        }
        return Arrays.copyOf(module, (int) length);
    }

    private static byte[] withoutDebugging(byte[] module) throws ImageFormatException {
        byte[] copy = module.clone();
        ByteBuffer elf = ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
        if (!ElfFile.isElf64(copy) || elf.getShort(16) != ET_REL) {
            throw new ImageFormatException("is not a relocatable ELF64 file");
        }
        int table = Math.toIntExact(elf.getLong(40));
        int entryBytes = elf.getShort(58) & 0xffff;
        int[] sections = new int[elf.getShort(60) & 0xffff];
        for (int i = 0; i < sections.length; i++) {
            sections[i] = table + i * entryBytes;
        }
        KernelModule light = new KernelModule(elf, sections);
        light.checkSections();
        light.dropLocalSymbols();
        light.dropTypeInformation();
        return light.compacted();
    }

    /// A size from a damaged header must not decide how much memory is taken.
    private void checkSections() {
        for (int index = 0; index < sections.length; index++) {
            if (type(index) != SHT_NULL && type(index) != SHT_NOBITS) {
                Objects.checkFromIndexSize(offset(index), size(index), elf.capacity());
            }
        }
    }

    private void dropTypeInformation() {
        int names = elf.getShort(62) & 0xffff;
        for (int index = 0; index < sections.length; index++) {
            String name = ElfFile.string(elf, offset(names) + elf.getInt(sections[index]));
            if (name.equals(".BTF") || name.equals(".BTF.base")) {
                elf.putLong(sections[index] + 32, 0);
            }
        }
    }

    /// The file with its sections one after the other, in the order they had, and the section headers at the end.
    private byte[] compacted() throws ImageFormatException {
        List<Integer> inOrder = new ArrayList<>();
        for (int index = 0; index < sections.length; index++) {
            if (type(index) != SHT_NULL && type(index) != SHT_NOBITS) {
                inOrder.add(index);
            }
        }
        inOrder.sort(Comparator.comparingInt(this::offset));
        ByteBuffer out = ByteBuffer.allocate(elf.capacity() + ALIGNMENT_BYTES_MAX).order(ByteOrder.LITTLE_ENDIAN);
        out.put(elf.array(), 0, ELF_HEADER_BYTES);
        for (int index : inOrder) {
            long alignment = Math.max(elf.getLong(sections[index] + 48), 1);
            if (alignment > ALIGNMENT_BYTES_MAX || Long.bitCount(alignment) != 1) {
                throw new ImageFormatException("section " + index + " is to be aligned to " + alignment + " bytes");
            }
            align(out, (int) alignment);
            int place = out.position();
            put(out, offset(index), size(index));
            elf.putLong(sections[index] + 24, place);
        }
        align(out, 8);
        out.putLong(40, out.position());
        out.putShort(58, (short) SECTION_HEADER_BYTES);
        for (int section : sections) {
            put(out, section, SECTION_HEADER_BYTES);
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    private void put(ByteBuffer out, int from, int bytes) throws ImageFormatException {
        if (bytes > out.remaining()) {
            throw new ImageFormatException("its sections overlap");
        }
        out.put(elf.array(), from, bytes);
    }

    private static void align(ByteBuffer out, int alignment) {
        out.position(Math.min(out.position() + Math.floorMod(-out.position(), alignment), out.limit()));
    }

    private void dropLocalSymbols() throws ImageFormatException {
        for (int index = 0; index < sections.length; index++) {
            if (type(index) == SHT_SYMTAB) {
                dropLocalSymbols(index);
            }
        }
    }

    /// Rewrites the symbol table in its own place: kept symbols move up, keep their order and get new numbers, which
    /// every relocation and section group then uses.
    private void dropLocalSymbols(int table) throws ImageFormatException {
        int count = size(table) / SYMBOL_BYTES;
        int locals = info(table);
        BitSet kept = new BitSet(count);
        kept.set(0);
        kept.set(locals, count);
        for (int relocation : relocations(table)) {
            if (Integer.compareUnsigned(symbol(relocation), count) >= 0) {
                throw new ImageFormatException("relocation names symbol " + symbol(relocation) + " of " + count);
            }
            kept.set(symbol(relocation));
        }
        for (int index = 0; index < sections.length; index++) {
            if (type(index) == SHT_GROUP) {
                kept.set(Math.min(info(index), count - 1));
            }
        }

        int[] renumbered = new int[count];
        int next = 0;
        int nextGlobal = 0;
        for (int old = kept.nextSetBit(0); old >= 0; old = kept.nextSetBit(old + 1)) {
            elf.put(offset(table) + next * SYMBOL_BYTES, elf.array(), offset(table) + old * SYMBOL_BYTES, SYMBOL_BYTES);
            renumbered[old] = next++;
            nextGlobal = old < locals ? next : nextGlobal;
        }
        for (int relocation : relocations(table)) {
            elf.putInt(relocation + 12, renumbered[symbol(relocation)]);
        }
        for (int index = 0; index < sections.length; index++) {
            if (type(index) == SHT_GROUP) {
                elf.putInt(sections[index] + 44, renumbered[info(index)]);
            }
        }
        elf.putLong(sections[table] + 32, (long) next * SYMBOL_BYTES);
        elf.putInt(sections[table] + 44, nextGlobal);
        packNames(table, next, nextGlobal);
    }

    /// Rewrites the string table of a symbol table in its own place with the names still in use; labels lose theirs.
    private void packNames(int table, int symbols, int locals) throws ImageFormatException {
        int strings = elf.getInt(sections[table] + 40);
        if (strings == (elf.getShort(62) & 0xffff)) {
            return; // shared with the section names: stays as it is
        }
        if (type(strings) != SHT_STRTAB) {
            throw new ImageFormatException("section " + strings + " is to name symbols and is no string table");
        }
        ByteBuffer packed = ByteBuffer.allocate(size(strings)).put((byte) 0);
        int[] names = new int[symbols];
        for (int i = 0; i < symbols; i++) {
            int from = offset(strings) + elf.getInt(offset(table) + i * SYMBOL_BYTES);
            int to = from;
            while (elf.get(to) != 0) {
                to++;
            }
            if (to - from >= packed.remaining()) {
                return; // names that shared their ends do not fit apart: the table stays as it is
            }
            boolean label = i < locals && to - from > 1 && elf.get(from) == '.' && elf.get(from + 1) == 'L';
            if (to > from && !label) {
                names[i] = packed.position();
                packed.put(elf.array(), from, to - from).put((byte) 0);
            }
        }
        for (int i = 0; i < symbols; i++) {
            elf.putInt(offset(table) + i * SYMBOL_BYTES, names[i]);
        }
        elf.put(offset(strings), packed.array());
        elf.putLong(sections[strings] + 32, packed.position());
    }

    private List<Integer> relocations(int table) {
        List<Integer> all = new ArrayList<>();
        for (int index = 0; index < sections.length; index++) {
            if (type(index) == SHT_RELA && elf.getInt(sections[index] + 40) == table) {
                for (int at = 0; at < size(index); at += RELA_BYTES) {
                    all.add(offset(index) + at);
                }
            }
        }
        return all;
    }

    private int symbol(int relocation) {
        return elf.getInt(relocation + 12);
    }

    private int type(int section) {
        return elf.getInt(sections[section] + 4);
    }

    private int offset(int section) {
        return Math.toIntExact(elf.getLong(sections[section] + 24));
    }

    private int size(int section) {
        return Math.toIntExact(elf.getLong(sections[section] + 32));
    }

    private int info(int section) {
        return elf.getInt(sections[section] + 44);
    }
}
