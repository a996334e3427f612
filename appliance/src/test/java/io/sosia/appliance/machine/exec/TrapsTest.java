package io.sosia.appliance.machine.exec;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.bus.MmioDevice;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// Causes, values and origins of traps without paging, CSR access, and devices.
class TrapsTest {

    private static final long DATA = TestBoard.BASE + 0x2000;
    private static final long DEVICE = 0x1000_0000L;

    private static final int SSTATUS = 0x100;
    private static final int STVEC = 0x105;
    private static final int SCOUNTEREN = 0x106;
    private static final int SSCRATCH = 0x140;
    private static final int SEPC = 0x141;
    private static final int SCAUSE = 0x142;
    private static final int STVAL = 0x143;
    private static final int SATP = 0x180;

    /// What the program's one trap left behind; the trapping instruction is the last of `body`.
    private record Seen(long cause, long value, long epc, long at, TestBoard board) {}

    private static Seen trapOf(Consumer<Assembler> body) {
        return trapOf(new TestBoard(), body, 4);
    }

    private static Seen trapOf(TestBoard board, Consumer<Assembler> body, int length) {
        Assembler a = new Assembler(TestBoard.BASE);
        Label handler = a.label();
        Label start = a.label();
        a.j(start);
        a.align(4);
        a.bind(handler);
        a.ecall();
        a.bind(start);
        a.li(T0, a.address(handler));
        a.csrw(STVEC, T0);
        body.accept(a);
        long at = a.here() - length;
        board.put(TestBoard.BASE, a.bytes());
        board.runToEnd();
        return new Seen(board.hart.csr(SCAUSE), board.hart.csr(STVAL), board.hart.csr(SEPC), at, board);
    }

    private static void checkIllegal(Consumer<Assembler> body, long bits, int length) {
        Seen seen = trapOf(new TestBoard(), body, length);
        assertThat(seen.cause).isEqualTo(2);
        assertThat(seen.value).isEqualTo(bits);
        assertThat(seen.epc).isEqualTo(seen.at);
    }

    @Test
    void illegalInstructionsCarryTheirBits() {
        checkIllegal(a -> a.word(0xffff_ffff), 0xffff_ffffL, 4);
        checkIllegal(a -> a.half(0), 0, 2);
        checkIllegal(a -> a.half(0x8002), 0x8002, 2);
        checkIllegal(a -> a.half(0x2000), 0x2000, 2);
        checkIllegal(a -> a.word(0x3020_0073), 0x3020_0073, 4);
        checkIllegal(a -> a.faddS(1, 2, 3, 0), 0x0031_00d3, 4);
    }

    @Test
    void unknownCsrsAndWritesToReadOnlyOnesAreIllegal() {
        for (int csr : new int[] {0x300, 0x341, 0x102, 0xc03, 0xb00, 0x5a8, 0x003, 0x7c0}) {
            checkIllegal(a -> a.csrr(A0, csr), csr << 20 & 0xffff_ffffL | 2 << 12 | A0 << 7 | 0x73, 4);
        }
        checkIllegal(a -> a.csrrwi(0, 0xc01, 0), 0xc010_5073L, 4);
        checkIllegal(a -> a.csrrs(0, 0xc02, A0), 0xc020_2073L | A0 << 15, 4);
        TestBoard board = new TestBoard();
        Assembler a = new Assembler(TestBoard.BASE);
        a.csrrs(A0, 0xc02, 0);
        a.csrrsi(A1, 0xc00, 0);
        a.ecall();
        board.put(TestBoard.BASE, a.bytes());
        board.runToEnd();
        assertThat(board.hart.x(A0)).isEqualTo(0);
        assertThat(board.hart.x(A1)).isEqualTo(1);
    }

    @Test
    void breakpointsAndCallsFromUserMode() {
        Seen seen = trapOf(Assembler::ebreak);
        assertThat(seen.cause).isEqualTo(3);
        assertThat(seen.value).isZero();
        assertThat(seen.epc).isEqualTo(seen.at);
        seen = trapOf(new TestBoard(), Assembler::cEbreak, 2);
        assertThat(seen.cause).isEqualTo(3);
        assertThat(seen.epc).isEqualTo(seen.at);
    }

    private static Seen fromUser(Consumer<Assembler> last) {
        return trapOf(a -> {
            Label user = a.label();
            long li = a.here();
            a.auipc(T0, 0);
            a.addi(T0, T0, 24);
            a.csrw(SEPC, T0);
            a.li(T0, 0x100);
            a.csrrc(0, SSTATUS, T0);
            a.sret();
            a.bind(user);
            assertThat(a.address(user)).isEqualTo(li + 24);
            last.accept(a);
        });
    }

    @Test
    void userModeMayNotDoWhatTheSupervisorMay() {
        assertThat(fromUser(Assembler::ecall).cause).isEqualTo(8);
        assertThat(fromUser(Assembler::ecall).value).isZero();
        assertThat(fromUser(Assembler::sret).cause).isEqualTo(2);
        assertThat(fromUser(Assembler::wfi).cause).isEqualTo(2);
        assertThat(fromUser(a -> a.sfenceVma(0, 0)).cause).isEqualTo(2);
        assertThat(fromUser(a -> a.csrr(A0, SSTATUS)).cause).isEqualTo(2);
        assertThat(fromUser(a -> a.csrr(A0, 0x14d)).cause).isEqualTo(2);
        assertThat(fromUser(a -> {
            a.csrr(A0, 0xc01);
            a.ecall();
        }).cause).as("counters are open at reset").isEqualTo(8);
        Seen seen = fromUser(Assembler::ecall);
        assertThat(seen.epc).isEqualTo(seen.at);
        assertThat(seen.board.hart.csr(SSTATUS) & 0x100).as("SPP").isZero();
        Seen counted = trapOf(a -> {
            a.csrrwi(0, SCOUNTEREN, 2);
            a.auipc(T0, 0);
            a.addi(T0, T0, 24);
            a.csrw(SEPC, T0);
            a.li(T0, 0x100);
            a.csrrc(0, SSTATUS, T0);
            a.sret();
            a.csrr(A0, 0xc01);
            a.csrr(A0, 0xc00);
        });
        assertThat(counted.cause).as("TM lets time through, not cycle").isEqualTo(2);
        assertThat(counted.epc).isEqualTo(counted.at);
    }

    @Test
    void accessesOutsideRamAndDevicesFault() {
        Seen seen = trapOf(a -> {
            a.li(A0, 0x4000_0000L);
            a.ld(A1, A0, 8);
        });
        assertThat(seen.cause).isEqualTo(5);
        assertThat(seen.value).isEqualTo(0x4000_0008L);
        assertThat(seen.epc).isEqualTo(seen.at);
        seen = trapOf(a -> {
            a.li(A0, -1);
            a.sb(A1, A0, 0);
        });
        assertThat(seen.cause).isEqualTo(7);
        assertThat(seen.value).isEqualTo(-1);
        seen = trapOf(a -> {
            a.li(A0, TestBoard.BASE + (4 << 20) - 4);
            a.ld(A1, A0, 0);
        });
        assertThat(seen.cause).as("half out of RAM").isEqualTo(5);
        assertThat(seen.value).isEqualTo(TestBoard.BASE + (4 << 20));
        seen = trapOf(a -> {
            a.li(A0, 0x1234_5678L);
            a.jalr(0, A0, 0);
        });
        assertThat(seen.cause).isEqualTo(1);
        assertThat(seen.value).isEqualTo(0x1234_5678L);
        assertThat(seen.epc).isEqualTo(0x1234_5678L);
    }

    @Test
    void misalignedAtomicsTrap() {
        Seen seen = trapOf(a -> {
            a.li(A0, DATA + 4);
            a.amoaddD(A1, A1, A0);
        });
        assertThat(seen.cause).isEqualTo(6);
        assertThat(seen.value).isEqualTo(DATA + 4);
        seen = trapOf(a -> {
            a.li(A0, DATA + 2);
            a.lrW(A1, A0);
        });
        assertThat(seen.cause).isEqualTo(4);
    }

    private static final class Recording implements MmioDevice {
        String log = "";

        @Override
        public long read(int offset, int width) {
            log += "r%d/%d ".formatted(offset, width);
            return 0xf1f2_f3f4_f5f6_f7f8L >>> 64 - 8 * width;
        }

        @Override
        public void write(int offset, int width, long value) {
            log += "w%d/%d=%x ".formatted(offset, width, value & -1L >>> 64 - 8 * width);
        }
    }

    @Test
    void devicesTakeAlignedLoadsAndStoresOnly() {
        TestBoard board = new TestBoard();
        Recording device = new Recording();
        board.bus.map(DEVICE, 0x100, device);
        Seen seen = trapOf(board, a -> {
            a.li(A0, DEVICE);
            a.lb(A1, A0, 3);
            a.lhu(A2, A0, 2);
            a.sd(A1, A0, 8);
            a.lw(13, A0, 2);
        }, 4);
        assertThat(device.log).isEqualTo("r3/1 r2/2 w8/8=fffffffffffffff1 ");
        assertThat(board.hart.x(A2)).isEqualTo(0xf1f2);
        assertThat(seen.cause).isEqualTo(5);
        assertThat(seen.value).isEqualTo(DEVICE + 2);
        board.hart.reset(TestBoard.BASE, 0, 0);
        board.ended = false;
        assertThat(trapOf(board, a -> {
            a.li(A0, DEVICE);
            a.amoaddW(A1, A1, A0);
        }, 4).cause).isEqualTo(7);
        board.hart.reset(TestBoard.BASE, 0, 0);
        board.ended = false;
        assertThat(trapOf(board, a -> {
            a.li(A0, DEVICE);
            a.jalr(0, A0, 0);
        }, 4).cause).isEqualTo(1);
    }

    @Test
    void deviceThatStopsTheMachineStopsItRightAfterTheStore() {
        TestBoard board = new TestBoard();
        board.bus.map(DEVICE, 8, new MmioDevice() {
            @Override
            public long read(int offset, int width) {
                return 0;
            }

            @Override
            public void write(int offset, int width, long value) {
                board.hart.requestStop();
            }
        });
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(A0, DEVICE);
        a.sw(A0, A0, 0);
        long behind = a.here();
        a.li(A1, 7);
        a.ecall();
        board.put(TestBoard.BASE, a.bytes());
        board.engine.run(1000);
        assertThat(board.hart.pc()).isEqualTo(behind);
        assertThat(board.hart.steps()).isEqualTo(2);
        board.runToEnd();
        assertThat(board.hart.x(A1)).isEqualTo(7);
    }

    @Test
    void csrFieldsAreWarl() {
        TestBoard board = new TestBoard();
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(T0, -1);
        for (int csr : new int[] {STVEC, SCOUNTEREN, 0x10a, SSCRATCH, SEPC, SCAUSE, STVAL, 0x144, 0x14d, 0x104}) {
            a.csrw(csr, T0);
        }
        a.li(T0, ~2L);
        a.csrw(SSTATUS, T0);
        a.ecall();
        board.put(TestBoard.BASE, a.bytes());
        board.runToEnd();
        assertThat(board.hart.csr(STVEC)).isEqualTo(-3L);
        assertThat(board.hart.csr(SCOUNTEREN)).isEqualTo(7);
        assertThat(board.hart.csr(0x10a)).isEqualTo(1);
        assertThat(board.hart.csr(SSCRATCH)).isEqualTo(-1);
        assertThat(board.hart.csr(SEPC)).isEqualTo(-2);
        assertThat(board.hart.csr(SCAUSE)).isEqualTo(-1);
        assertThat(board.hart.csr(STVAL)).isEqualTo(-1);
        assertThat(board.hart.csr(0x144)).as("sip: SSIP is writable").isEqualTo(2);
        assertThat(board.hart.csr(0x14d)).isEqualTo(-1);
        assertThat(board.hart.csr(0x104)).isEqualTo(0x222);
        assertThat(board.hart.csr(SSTATUS)).isEqualTo(0x8000_0002_000c_6120L);
    }

    @Test
    void sstatusShowsUxlAndTracksFloatingPoint() {
        TestBoard board = new TestBoard();
        Assembler a = new Assembler(TestBoard.BASE);
        a.csrr(A0, SSTATUS);
        a.li(T0, 1 << 13);
        a.csrw(SSTATUS, T0);
        a.fmvXD(A1, 1);
        a.feqD(A1, 1, 1);
        a.csrr(A1, SSTATUS);
        a.fmvDX(1, A0);
        a.csrr(A2, SSTATUS);
        a.ecall();
        board.put(TestBoard.BASE, a.bytes());
        board.runToEnd();
        assertThat(board.hart.x(A0)).isEqualTo(2L << 32);
        assertThat(board.hart.x(A1)).as("reading leaves FS alone").isEqualTo(2L << 32 | 1 << 13);
        assertThat(board.hart.x(A2)).as("dirty, with SD").isEqualTo(1L << 63 | 2L << 32 | 3 << 13);
    }

    @Test
    void unsupportedModeLeavesSatpAlone() {
        TestBoard board = new TestBoard();
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(A0, 5);
        a.csrw(SATP, A0);
        a.li(A0, 0xaL << 60 | 6);
        a.csrw(SATP, A0);
        a.li(A0, 9L << 60 | 6);
        a.csrw(SATP, A0);
        a.ecall();
        board.put(TestBoard.BASE, a.bytes());
        board.runToEnd();
        assertThat(board.hart.csr(SATP)).isEqualTo(5);
    }
}
