package io.sosia.appliance.machine;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.A6;
import static io.sosia.appliance.machine.asm.Reg.A7;
import static io.sosia.appliance.machine.asm.Reg.S0;
import static io.sosia.appliance.machine.asm.Reg.S1;
import static io.sosia.appliance.machine.asm.Reg.S2;
import static io.sosia.appliance.machine.asm.Reg.S3;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.asm.Reg.T1;
import static io.sosia.appliance.machine.asm.Reg.T2;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.memory.GuestRam;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.function.Consumer;

/// Small guests, as ELF files, and machines for them.
public final class Programs {

    static final int SRST = 0x53525354;
    static final int DBCN = 0x4442434E;

    private static final int STIMECMP = 0x14d;
    private static final int SIE = 0x104;
    private static final int TIME = 0xc01;

    private Programs() {}

    static Assembler program(Consumer<Assembler> body) {
        Assembler a = new Assembler(GuestRam.BASE);
        body.accept(a);
        return a;
    }

    /// A static ELF64 with one segment at the start of RAM.
    public static byte[] elf(Consumer<Assembler> body) {
        byte[] code = program(body).bytes();
        ByteBuffer file = ByteBuffer.allocate(120 + code.length).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0x464c457f).put((byte) 2).put((byte) 1).put((byte) 1).position(16);
        file.putShort((short) 2).putShort((short) 243).putInt(1).putLong(GuestRam.BASE).putLong(64).putLong(0);
        file.putInt(0).putShort((short) 64).putShort((short) 56).putShort((short) 1).position(64);
        file.putInt(1).putInt(7).putLong(120).putLong(GuestRam.BASE).putLong(GuestRam.BASE);
        file.putLong(code.length).putLong(code.length + 4096).putLong(4096);
        return file.put(code).array();
    }

    static MachineSpec spec(Consumer<Assembler> body) {
        try {
            return new MachineSpec(MachineSpec.RAM_BYTES_MIN, 1 << 20,
                    Optional.of(MachineSpec.Mac.parse("52:54:00:12:34:56")), BootImage.parse("program", ByteBuffer.wrap(elf(body))),
                    ByteBuffer.allocate(0), "");
        } catch (BootImageException e) {
            throw new AssertionError(e);
        }
    }

    /// A machine with the program, switched on.
    static Machine machine(Consumer<Assembler> body) {
        Machine machine = new Machine(spec(body));
        machine.apply(TestHost.powerOn());
        return machine;
    }

    static void sbi(Assembler a, int extension, int function) {
        a.li(A7, extension);
        a.li(A6, function);
        a.ecall();
    }

    static void print(Assembler a, String text) {
        for (char c : text.toCharArray()) {
            a.li(A0, c);
            sbi(a, DBCN, 2);
        }
    }

    /// @param type 0 shutdown, 1 cold reboot, 2 warm reboot
    public static void systemReset(Assembler a, int type, int reason) {
        a.li(A0, type);
        a.li(A1, reason);
        sbi(a, SRST, 0);
    }

    /// Waits for `ticks` of guest time to pass, with interrupts off in `sstatus`.
    public static void sleep(Assembler a, long ticks) {
        a.csrr(T0, TIME);
        a.li(T1, ticks);
        a.add(T0, T0, T1);
        a.csrw(STIMECMP, T0);
        a.li(T1, 1 << 5);
        a.csrrs(0, SIE, T1);
        a.wfi();
        a.li(T0, -1);
        a.csrw(STIMECMP, T0);
    }

    /// Never ends: computes, writes all over a megabyte, prints a letter now and then, asks the disk, sleeps.
    static void worker(Assembler a) {
        a.li(S0, 12345);
        a.li(S1, GuestRam.BASE + (16 << 20));
        a.li(S3, 0x1000_0000L);
        startDisk(a);
        Label forever = a.mark();
        a.li(S2, 700);
        Label loop = a.mark();
        a.li(T0, 6364136223846793005L);
        a.mul(S0, S0, T0);
        a.addi(S0, S0, 1442);
        a.srli(T1, S0, 44);
        a.slli(T1, T1, 3);
        a.andi(T2, T1, -8);
        a.add(T1, S1, T2);
        a.ld(T0, T1, 0);
        a.xor(T0, T0, S0);
        a.sd(T0, T1, 0);
        a.addi(S2, S2, -1);
        a.bne(S2, 0, loop);
        a.srli(T0, S0, 60);
        a.addi(T0, T0, 'a');
        a.sb(T0, S3, 0);
        readDisk(a);
        sleep(a, 1000);
        a.j(forever);
    }

    private static final long QUEUE = GuestRam.BASE + (8 << 20);
    /// Where the registers of the disk are.
    public static final long DISK = BoardLayout.virtio(BoardLayout.DISK_SLOT);

    private static void store32(Assembler a, long address, long value) {
        a.li(T0, address);
        a.li(T1, (int) value);
        a.sw(T1, T0, 0);
    }

    private static void startDisk(Assembler a) {
        startDisk(a, 3);
    }

    /// Gets the disk ready for [#writeDisk].
    public static void startDiskWriter(Assembler a) {
        startDisk(a, 1);
        store32(a, QUEUE + 0x3000, 1);
    }

    /// Writes a block of 4 KiB that begins with a value, and waits until the disk has it. Changes T0 to T2.
    ///
    /// @param block register with the number of the block
    /// @param value register with what it begins with
    public static void writeDisk(Assembler a, int block, int value) {
        a.li(T0, QUEUE + 0x3008);
        a.slli(T1, block, 3);
        a.sd(T1, T0, 0);
        a.li(T0, QUEUE + 0x4000);
        a.sd(value, T0, 0);
        a.li(T0, QUEUE + 0x1000);
        a.lhu(T1, T0, 2);
        a.addi(T1, T1, 1);
        a.sh(T1, T0, 2);
        a.li(T0, DISK + 0x50);
        a.sw(0, T0, 0);
        Label wait = a.mark();
        sleep(a, 500);
        a.li(T0, QUEUE + 0x1000);
        a.lhu(T1, T0, 2);
        a.li(T0, QUEUE + 0x2000);
        a.lhu(T2, T0, 2);
        a.bne(T1, T2, wait);
    }

    /// What the disk has said of the last request: 0 when it is done.
    ///
    /// @param into register
    public static void diskStatus(Assembler a, int into) {
        a.li(into, QUEUE + 0x3100);
        a.lbu(into, into, 0);
    }

    private static void startDisk(Assembler a, int dataFlags) {
        store32(a, DISK + 0x70, 3);
        store32(a, DISK + 0x24, 1);
        store32(a, DISK + 0x20, 1);
        store32(a, DISK + 0x70, 11);
        store32(a, DISK + 0x38, 4);
        store32(a, DISK + 0x80, QUEUE);
        store32(a, DISK + 0x90, QUEUE + 0x1000);
        store32(a, DISK + 0xa0, QUEUE + 0x2000);
        store32(a, DISK + 0x44, 1);
        store32(a, DISK + 0x70, 15);
        long header = QUEUE + 0x3000;
        long data = QUEUE + 0x4000;
        long status = QUEUE + 0x3100;
        describe(a, 0, header, 16, 1, 1);
        describe(a, 1, data, 4096, dataFlags, 2);
        describe(a, 2, status, 1, 2, 0);
    }

    private static void describe(Assembler a, int index, long address, int length, int flags, int next) {
        store32(a, QUEUE + 16 * index, address);
        store32(a, QUEUE + 16 * index + 8, length);
        store32(a, QUEUE + 16 * index + 12, flags | next << 16);
    }

    /// Offers the same chain once more; the answer comes whenever it comes.
    private static void readDisk(Assembler a) {
        a.li(T0, QUEUE + 0x1000);
        a.lhu(T1, T0, 2);
        a.addi(T1, T1, 1);
        a.sh(T1, T0, 2);
        a.li(T0, DISK + 0x50);
        a.sw(0, T0, 0);
        a.li(A2, QUEUE + 0x4000);
        a.ld(A2, A2, 0);
        a.xor(S0, S0, A2);
    }
}
