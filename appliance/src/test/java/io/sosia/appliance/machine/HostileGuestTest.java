package io.sosia.appliance.machine;

import static io.sosia.appliance.machine.asm.Reg.A7;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.asm.Reg.T1;
import static io.sosia.appliance.machine.asm.Reg.T2;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.port.Stop;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Guests of random code, in S and U mode, with pointers to every device, to page tables and to the edges of RAM: whatever
/// they do, the machine stops where it is told to, throws nothing, and its state can be saved and read back.
///
/// `-Dsosia.random.programs=N` runs N guests instead of the usual few, `-Dsosia.random.seed=S` starts at another seed.
class HostileGuestTest {

    private static final int PROGRAMS = Integer.getInteger("sosia.random.programs", 40);
    private static final long SEED = Long.getLong("sosia.random.seed", 1);
    private static final int STEPS = 40_000;

    private static final int SSTATUS = 0x100;
    private static final int STVEC = 0x105;
    private static final int SSCRATCH = 0x140;
    private static final int SEPC = 0x141;
    private static final long STATUS_FS = 3L << 13;
    private static final long STATUS_SPP = 1 << 8;

    private static final long DATA = GuestRam.BASE + 0x4000;
    private static final long TABLE = GuestRam.BASE + 0x8000;
    private static final long CODE = GuestRam.BASE + 0x1_0000;
    private static final int CODE_BYTES = 1 << 13;

    /// The registers that point somewhere, and where to; the handler loads them anew.
    private static final int[] POINTERS = {8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26};
    private static final long[] PLACES = {DATA, DATA + 0xff8, TABLE, BoardLayout.UART, BoardLayout.RTC, BoardLayout.PLIC,
        BoardLayout.virtio(0), BoardLayout.virtio(1), BoardLayout.virtio(2),
        GuestRam.BASE + MachineSpec.RAM_BYTES_MIN - 4, 8L << 60 | TABLE >> 12};
    private static final int SATP_POINTER = 26;
    private static final int[] CSRS = {1, 2, 3, SSTATUS, 0x104, 0x106, 0x10a, 0x142, 0x143, 0x144, 0x14d, 0xc00, 0xc01, 0xc02};
    private static final int[] CALLS = {0, 1, 2, 0x10, 0x54494D45, 0x735049, 0x52464E43, 0x48534D, Programs.DBCN};
    private static final int[] VIRTIO_REGISTERS =
            {0x14, 0x20, 0x24, 0x30, 0x38, 0x44, 0x50, 0x64, 0x70, 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4};

    private final Random random = new Random();

    @Test
    void randomCodeNeverThrows() throws IOException {
        for (long seed = SEED; seed < SEED + PROGRAMS; seed++) {
            random.setSeed(seed);
            MachineSpec spec = Programs.spec(this::guest);
            try {
                Machine machine = new Machine(spec);
                machine.apply(TestHost.powerOn());
                TestHost host = new TestHost(machine, new byte[1 << 20]);
                long step = 0;
                Stop stop = Stop.REACHED;
                while (step < STEPS && (stop == Stop.REACHED || stop == Stop.IDLE)) {
                    step += 1 + random.nextInt(4000);
                    stop = host.run(step);
                    assertThat(machine.steps()).isLessThanOrEqualTo(step);
                }
                ByteArrayOutputStream saved = new ByteArrayOutputStream();
                machine.save(saved);
                Machine restored = Machine.restore(new ByteArrayInputStream(saved.toByteArray()), spec);
                assertThat(restored.digest()).isEqualTo(machine.digest());
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("-Dsosia.random.seed=" + seed, e);
            }
        }
    }

    /// Every trap ends in the handler at the start, which goes on at a random place of the random code in a random mode.
    private void guest(Assembler a) {
        Label handler = a.label();
        a.bind(handler);
        a.li(T0, DATA - 8);
        a.ld(T1, T0, 0);
        for (int[] shift : new int[][] {{13, 1}, {7, 0}, {17, 1}}) {
            if (shift[1] == 1) {
                a.slli(T2, T1, shift[0]);
            } else {
                a.srli(T2, T1, shift[0]);
            }
            a.xor(T1, T1, T2);
        }
        a.sd(T1, T0, 0);
        for (int i = 0; i < POINTERS.length; i++) {
            a.li(POINTERS[i], PLACES[i]);
        }
        a.li(A7, CALLS[random.nextInt(CALLS.length)]);
        a.li(T2, GuestRam.BASE);
        a.csrw(STVEC, T2);
        a.li(T2, STATUS_FS | STATUS_SPP);
        a.csrrs(0, SSTATUS, T2);
        a.andi(T2, T1, 0x100);
        a.csrrc(0, SSTATUS, T2);
        a.li(T2, CODE_BYTES - 2);
        a.and(T1, T1, T2);
        a.li(T2, CODE);
        a.add(T2, T2, T1);
        a.csrw(SEPC, T2);
        a.csrw(SSCRATCH, T2);
        a.sret();
        fill(a, DATA - 8);
        while (a.here() < DATA + 0x2000) {
            a.word(random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(600));
        }
        fill(a, TABLE);
        long identity = GuestRam.BASE >> 12 << 10 | 0xcf;
        for (int i = 0; i < 512; i++) {
            long entry = i == 0 ? 0xcf : i == 2 ? identity
                    : random.nextInt(3) == 0 ? TABLE >> 12 << 10 | 1 : identity & -256 | random.nextInt(256);
            a.word((int) entry);
            a.word((int) (entry >>> 32));
        }
        fill(a, CODE);
        while (a.here() < CODE + CODE_BYTES) {
            instruction(a);
        }
    }

    private void fill(Assembler a, long until) {
        while (a.here() < until) {
            a.word(random.nextInt());
        }
    }

    private void instruction(Assembler a) {
        int pointer = POINTERS[random.nextInt(POINTERS.length)];
        int offset = random.nextInt(3) == 0 ? VIRTIO_REGISTERS[random.nextInt(VIRTIO_REGISTERS.length)]
                : random.nextInt(random.nextInt(4) == 0 ? 2048 : 64);
        int any = random.nextInt(32);
        switch (random.nextInt(16)) {
            case 0 -> a.word(random.nextInt());
            case 1, 2 -> a.half(random.nextInt() & 0xfffc | random.nextInt(3));
            case 3, 4 -> a.word(offset << 20 | pointer << 15 | random.nextInt(8) << 12 | any << 7 | 0x03);
            case 5, 6, 7 -> a.word(offset >> 5 << 25 | any << 20 | pointer << 15 | random.nextInt(4) << 12
                    | (offset & 31) << 7 | 0x23);
            case 8 -> a.word(random.nextInt() << 20 | pointer << 15 | (2 + random.nextInt(2)) << 12 | any << 7 | 0x2f);
            case 9 -> a.word(CSRS[random.nextInt(CSRS.length)] << 20 | (random.nextInt() & 0xf_8000)
                    | (1 + random.nextInt(7)) << 12 | any << 7 | 0x73);
            case 10 -> a.word(0x180 << 20 | (random.nextBoolean() ? SATP_POINTER : 0) << 15 | 1 << 12 | 0x73);
            case 11 -> a.word(new int[] {0x73, 0x73, 0x1050_0073, 0x1020_0073, 0x1200_0073}[random.nextInt(5)]);
            case 12 -> a.li(10 + random.nextInt(7), random.nextInt(16));
            case 13 -> a.word(random.nextInt() & 0x81ff_f000 | random.nextInt() & 0xf00 | 0x63);
            case 14 -> a.word(random.nextInt() & -128 | new int[] {0x43, 0x4b, 0x53, 0x07, 0x27}[random.nextInt(5)]);
            default -> a.word(random.nextInt() & 0x41ff_ff80 | (random.nextBoolean() ? 0x33 : 0x3b));
        }
    }
}
