package io.sosia.appliance.machine;

import io.sosia.appliance.machine.memory.GuestRam;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// A program the machine can start: what its file says about where it goes.
public sealed interface BootImage {

    /// The file as it is, little-endian, to be read by absolute position.
    ByteBuffer file();

    /// Physical address execution starts at, in S-mode.
    long entry();

    /// First physical address after everything the program claims, file content or not.
    long end();

    /// Copies the program to its place; RAM is zero where the file says nothing.
    void copyTo(GuestRam ram);

    /// Recognises a file: a raw RISC-V Linux Image or a static ELF64.
    ///
    /// @param name    what to call the file in messages
    /// @param content of the file, kept; from its position to its limit, neither of which is moved
    /// @throws BootImageException when it is neither, or one this machine cannot start
    static BootImage parse(String name, ByteBuffer content) throws BootImageException {
        ByteBuffer file = content.slice().order(ByteOrder.LITTLE_ENDIAN);
        if (StaticElf.isElf(file)) {
            return StaticElf.parse(name, file);
        }
        if (LinuxImage.isLinuxImage(file)) {
            return LinuxImage.parse(name, file);
        }
        String kind = compression(file);
        throw new BootImageException(kind == null
                ? name + ": neither a raw RISC-V Linux Image nor a static RISC-V ELF64"
                : name + ": " + kind + "-compressed; the machine starts raw files only: unpack it first (" + kind
                        + " -d)");
    }

    private static String compression(ByteBuffer file) {
        if (file.limit() < 4) {
            return null;
        }
        int magic = Integer.reverseBytes(file.getInt(0));
        if (magic >>> 16 == 0x1f8b) {
            return "gzip";
        }
        if (magic >>> 8 == 0x425a68) {
            return "bzip2";
        }
        return switch (magic) {
            case 0xfd377a58 -> "xz";
            case 0x28b52ffd -> "zstd";
            case 0x04224d18, 0x02214c18 -> "lz4";
            default -> null;
        };
    }

    /// A kernel as Linux's `arch/riscv/boot/Image` (Documentation/arch/riscv/boot-image-header.rst).
    ///
    /// @param file       the file as it is
    /// @param textOffset bytes between the start of RAM and the kernel
    /// @param imageBytes RAM the kernel needs from there on, cleared data included
    record LinuxImage(ByteBuffer file, long textOffset, long imageBytes) implements BootImage {

        private static final int HEADER_BYTES = 64;
        private static final int MAGIC_AT = 56;
        private static final int MAGIC = 'R' | 'S' << 8 | 'C' << 16 | 5 << 24;

        static boolean isLinuxImage(ByteBuffer file) {
            return file.limit() >= HEADER_BYTES && file.getInt(MAGIC_AT) == MAGIC;
        }

        static LinuxImage parse(String name, ByteBuffer file) throws BootImageException {
            long textOffset = file.getLong(8);
            long imageBytes = file.getLong(16);
            long flags = file.getLong(24);
            if ((flags & 1) != 0) {
                throw new BootImageException(name + ": a big-endian kernel; the machine is little-endian");
            }
            if (textOffset < 0 || (textOffset & (GuestRam.PAGE_SIZE - 1)) != 0 || textOffset > GuestRam.SIZE_MAX) {
                throw new BootImageException(name + ": kernel header with text offset "
                        + Long.toUnsignedString(textOffset) + ", expected whole pages below " + GuestRam.SIZE_MAX);
            }
            if (imageBytes < 0 || imageBytes > GuestRam.SIZE_MAX) {
                throw new BootImageException(name + ": kernel header with image size "
                        + Long.toUnsignedString(imageBytes) + ", expected at most " + GuestRam.SIZE_MAX);
            }
            return new LinuxImage(file, textOffset, Math.max(imageBytes, file.limit()));
        }

        @Override
        public long entry() {
            return GuestRam.BASE + textOffset;
        }

        @Override
        public long end() {
            return entry() + imageBytes;
        }

        @Override
        public void copyTo(GuestRam ram) {
            ram.write(GuestRam.offset(entry()), file, 0, file.limit());
        }
    }

    /// A program linked for fixed physical addresses (System V ABI, chapter "Object files"; RISC-V ELF psABI).
    ///
    /// @param file     the file as it is
    /// @param entry    physical address of the first instruction
    /// @param segments what is loaded, in the file's order
    record StaticElf(ByteBuffer file, long entry, List<Segment> segments) implements BootImage {

        private static final int MAGIC = 0x7f | 'E' << 8 | 'L' << 16 | 'F' << 24;
        private static final int HEADER_BYTES = 64;
        private static final int PROGRAM_HEADER_BYTES = 56;
        private static final int MACHINE_RISCV = 243;
        private static final int TYPE_EXECUTABLE = 2;
        private static final int TYPE_SHARED = 3;
        private static final int SEGMENT_LOAD = 1;
        private static final int SEGMENT_INTERPRETER = 3;

        public StaticElf {
            segments = List.copyOf(segments);
        }

        /// @param address     physical address
        /// @param linkedAt    virtual address
        /// @param fileOffset  where its content starts in the file
        /// @param fileBytes   bytes of content
        /// @param memoryBytes bytes it takes in RAM
        public record Segment(long address, long linkedAt, int fileOffset, int fileBytes, long memoryBytes) {

            private boolean holds(long physical) {
                return physical >= address && physical - address < memoryBytes;
            }

            private boolean links(long virtual) {
                return virtual >= linkedAt && virtual - linkedAt < memoryBytes;
            }
        }

        static boolean isElf(ByteBuffer file) {
            return file.limit() >= 4 && file.getInt(0) == MAGIC;
        }

        static StaticElf parse(String name, ByteBuffer file) throws BootImageException {
            if (file.limit() < HEADER_BYTES) {
                throw new BootImageException(name + ": ELF file of " + file.limit() + " bytes, cut in its header");
            }
            if (file.get(4) != 2 || file.get(5) != 1 || (file.getShort(18) & 0xffff) != MACHINE_RISCV) {
                throw new BootImageException(name + ": not a 64-bit little-endian RISC-V ELF");
            }
            int type = file.getShort(16) & 0xffff;
            if (type != TYPE_EXECUTABLE) {
                throw new BootImageException(name + ": " + (type == TYPE_SHARED
                        ? "a position-independent ELF; link it with -static -no-pie for addresses from 0x80000000"
                        : "an ELF of type " + type + "; only linked executables can be started"));
            }
            List<Segment> segments = segments(name, file);
            return new StaticElf(file, entry(name, file.getLong(24), segments), segments);
        }

        /// The entry is a virtual address by rule and a physical one by custom: kernels for an upper half do either.
        private static long entry(String name, long given, List<Segment> segments) throws BootImageException {
            long entry = given;
            if (segments.stream().noneMatch(s -> s.holds(given))) {
                Segment linked = segments.stream().filter(s -> s.links(given)).findFirst().orElseThrow(() ->
                        new BootImageException("%s: ELF entry 0x%x lies in none of its segments".formatted(name, given)));
                entry = given - linked.linkedAt + linked.address;
            }
            if ((entry & 1) != 0) {
                throw new BootImageException("%s: ELF entry 0x%x is odd; instructions start at even addresses"
                        .formatted(name, entry));
            }
            return entry;
        }

        private static List<Segment> segments(String name, ByteBuffer elf) throws BootImageException {
            long tableAt = elf.getLong(32);
            int entryBytes = elf.getShort(54) & 0xffff;
            int count = elf.getShort(56) & 0xffff;
            if (count > 0 && (entryBytes != PROGRAM_HEADER_BYTES || tableAt < 0
                    || tableAt > elf.limit() - (long) count * entryBytes)) {
                throw new BootImageException(name + ": ELF program headers lie outside the file of " + elf.limit()
                        + " bytes");
            }
            List<Segment> segments = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int at = (int) tableAt + i * PROGRAM_HEADER_BYTES;
                int type = elf.getInt(at);
                if (type == SEGMENT_INTERPRETER) {
                    throw new BootImageException(name + ": a dynamically linked ELF; link it with -static");
                }
                if (type == SEGMENT_LOAD && elf.getLong(at + 40) != 0) {
                    segments.add(segment(name, elf, at));
                }
            }
            if (segments.isEmpty()) {
                throw new BootImageException(name + ": an ELF with nothing to load");
            }
            return segments;
        }

        private static Segment segment(String name, ByteBuffer elf, int at) throws BootImageException {
            long fileOffset = elf.getLong(at + 8);
            long linkedAt = elf.getLong(at + 16);
            long address = elf.getLong(at + 24);
            long fileBytes = elf.getLong(at + 32);
            long memoryBytes = elf.getLong(at + 40);
            if (fileBytes < 0 || fileOffset < 0 || fileOffset > elf.limit() - fileBytes) {
                throw new BootImageException("%s: ELF segment at 0x%x lies outside the file of %d bytes: cut short?"
                        .formatted(name, address, elf.limit()));
            }
            // Linkers put the file's own headers on the page before the text; nobody needs them in RAM.
            long headers = GuestRam.BASE - address;
            if (fileOffset == 0 && headers > 0 && headers <= GuestRam.PAGE_SIZE && headers < fileBytes) {
                fileOffset = headers;
                address = GuestRam.BASE;
                linkedAt += headers;
                fileBytes -= headers;
                memoryBytes -= headers;
            }
            if (address < GuestRam.BASE || address - GuestRam.BASE > GuestRam.SIZE_MAX || memoryBytes < fileBytes
                    || memoryBytes > GuestRam.SIZE_MAX) {
                throw new BootImageException(("%s: ELF segment at 0x%x of %d bytes; RAM starts at 0x%x and has at most "
                        + "%d MiB")
                        .formatted(name, address, memoryBytes, GuestRam.BASE, GuestRam.SIZE_MAX >> 20));
            }
            return new Segment(address, linkedAt, (int) fileOffset, (int) fileBytes, memoryBytes);
        }

        @Override
        public long end() {
            return segments.stream().mapToLong(s -> s.address + s.memoryBytes).max().orElseThrow();
        }

        @Override
        public void copyTo(GuestRam ram) {
            for (Segment s : segments) {
                ram.write(GuestRam.offset(s.address), file, s.fileOffset, s.fileBytes);
            }
        }
    }
}
