package io.sosia.appliance.machine.exec;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.asm.Reg.T1;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// RV64I and M, each result computed a second way.
class IntegerInstructionsTest {

    private static final long[] SPECIAL = {0, 1, -1, 2, 63, 64, 0x7fff_ffffL, 0x8000_0000L, 0xffff_ffffL, -0x8000_0000L,
        Long.MAX_VALUE, Long.MIN_VALUE, 0x5555_5555_5555_5555L};

    private interface Emit {
        void emit(Assembler a);
    }

    private interface Binary {
        long apply(long a, long b);
    }

    private static void check(String name, Emit emit, Binary expected) {
        Random random = new Random(name.hashCode());
        Assembler a = new Assembler(TestBoard.BASE);
        emit.emit(a);
        a.ecall();
        TestBoard board = TestBoard.with(a);
        for (int i = 0; i < 400; i++) {
            long left = i < 169 ? SPECIAL[i / 13] : random.nextLong() >> random.nextInt(64);
            long right = i < 169 ? SPECIAL[i % 13] : random.nextLong() >> random.nextInt(64);
            board.ended = false;
            board.hart.reset(TestBoard.BASE, left, right);
            board.runToEnd();
            assertThat(board.hart.x(A2)).as("%s of 0x%x, 0x%x", name, left, right).isEqualTo(expected.apply(left, right));
        }
    }

    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }

    private static long high(BigInteger a, BigInteger b) {
        return a.multiply(b).shiftRight(64).longValue();
    }

    @Test
    void computesRegistersWithRegisters() {
        check("add", a -> a.add(A2, A0, A1), (l, r) -> l + r);
        check("sub", a -> a.sub(A2, A0, A1), (l, r) -> l - r);
        check("sll", a -> a.sll(A2, A0, A1), (l, r) -> l << (r & 63));
        check("slt", a -> a.slt(A2, A0, A1), (l, r) -> l < r ? 1 : 0);
        check("sltu", a -> a.sltu(A2, A0, A1), (l, r) -> Long.compareUnsigned(l, r) < 0 ? 1 : 0);
        check("xor", a -> a.xor(A2, A0, A1), (l, r) -> l ^ r);
        check("srl", a -> a.srl(A2, A0, A1), (l, r) -> l >>> (r & 63));
        check("sra", a -> a.sra(A2, A0, A1), (l, r) -> l >> (r & 63));
        check("or", a -> a.or(A2, A0, A1), (l, r) -> l | r);
        check("and", a -> a.and(A2, A0, A1), (l, r) -> l & r);
        check("addw", a -> a.addw(A2, A0, A1), (l, r) -> (int) (l + r));
        check("subw", a -> a.subw(A2, A0, A1), (l, r) -> (int) (l - r));
        check("sllw", a -> a.sllw(A2, A0, A1), (l, r) -> (int) (l << (r & 31)));
        check("srlw", a -> a.srlw(A2, A0, A1), (l, r) -> (int) ((l & 0xffff_ffffL) >>> (r & 31)));
        check("sraw", a -> a.sraw(A2, A0, A1), (l, r) -> (int) l >> (r & 31));
    }

    @Test
    void computesRegistersWithImmediates() {
        for (int imm : new int[] {0, 1, -1, 2047, -2048, 0x155}) {
            check("addi", a -> a.addi(A2, A0, imm), (l, r) -> l + imm);
            check("slti", a -> a.slti(A2, A0, imm), (l, r) -> l < imm ? 1 : 0);
            check("sltiu", a -> a.sltiu(A2, A0, imm), (l, r) -> Long.compareUnsigned(l, imm) < 0 ? 1 : 0);
            check("xori", a -> a.xori(A2, A0, imm), (l, r) -> l ^ imm);
            check("ori", a -> a.ori(A2, A0, imm), (l, r) -> l | imm);
            check("andi", a -> a.andi(A2, A0, imm), (l, r) -> l & imm);
            check("addiw", a -> a.addiw(A2, A0, imm), (l, r) -> (int) (l + imm));
        }
        for (int n : new int[] {0, 1, 31}) {
            check("slliw", a -> a.slliw(A2, A0, n), (l, r) -> (int) l << n);
            check("srliw", a -> a.srliw(A2, A0, n), (l, r) -> (int) l >>> n);
            check("sraiw", a -> a.sraiw(A2, A0, n), (l, r) -> (int) l >> n);
        }
        for (int n : new int[] {0, 1, 32, 63}) {
            check("slli", a -> a.slli(A2, A0, n), (l, r) -> l << n);
            check("srli", a -> a.srli(A2, A0, n), (l, r) -> l >>> n);
            check("srai", a -> a.srai(A2, A0, n), (l, r) -> l >> n);
        }
    }

    @Test
    void multipliesAndDividesWithoutExceptions() {
        check("mul", a -> a.mul(A2, A0, A1), (l, r) -> BigInteger.valueOf(l).multiply(BigInteger.valueOf(r)).longValue());
        check("mulh", a -> a.mulh(A2, A0, A1), (l, r) -> high(BigInteger.valueOf(l), BigInteger.valueOf(r)));
        check("mulhsu", a -> a.mulhsu(A2, A0, A1), (l, r) -> high(BigInteger.valueOf(l), unsigned(r)));
        check("mulhu", a -> a.mulhu(A2, A0, A1), (l, r) -> high(unsigned(l), unsigned(r)));
        check("mulw", a -> a.mulw(A2, A0, A1), (l, r) -> (int) ((int) l * (long) (int) r));
        check("div", a -> a.div(A2, A0, A1), (l, r) -> r == 0 ? -1 : l == Long.MIN_VALUE && r == -1 ? l : l / r);
        check("rem", a -> a.rem(A2, A0, A1), (l, r) -> r == 0 ? l : r == -1 ? 0 : l % r);
        check("divu", a -> a.divu(A2, A0, A1), (l, r) -> r == 0 ? -1 : unsigned(l).divide(unsigned(r)).longValue());
        check("remu", a -> a.remu(A2, A0, A1), (l, r) -> r == 0 ? l : unsigned(l).mod(unsigned(r)).longValue());
        check("divw", a -> a.divw(A2, A0, A1), (l, r) -> (int) r == 0 ? -1 : (int) ((long) (int) l / (int) r));
        check("remw", a -> a.remw(A2, A0, A1), (l, r) -> (int) r == 0 ? (int) l : (int) ((long) (int) l % (int) r));
        check("divuw", a -> a.divuw(A2, A0, A1),
                (l, r) -> (int) r == 0 ? -1 : (int) ((l & 0xffff_ffffL) / (r & 0xffff_ffffL)));
        check("remuw", a -> a.remuw(A2, A0, A1),
                (l, r) -> (int) r == 0 ? (int) l : (int) ((l & 0xffff_ffffL) % (r & 0xffff_ffffL)));
    }

    private interface Branch {
        void emit(Assembler a, Label to);
    }

    private static void checkBranch(String name, Branch branch, Binary expected) {
        check(name, a -> {
            Label taken = a.label();
            a.li(A2, 1);
            branch.emit(a, taken);
            a.li(A2, 0);
            a.bind(taken);
        }, expected);
    }

    @Test
    void branchesOnEveryComparison() {
        checkBranch("beq", (a, to) -> a.beq(A0, A1, to), (l, r) -> l == r ? 1 : 0);
        checkBranch("bne", (a, to) -> a.bne(A0, A1, to), (l, r) -> l != r ? 1 : 0);
        checkBranch("blt", (a, to) -> a.blt(A0, A1, to), (l, r) -> l < r ? 1 : 0);
        checkBranch("bge", (a, to) -> a.bge(A0, A1, to), (l, r) -> l >= r ? 1 : 0);
        checkBranch("bltu", (a, to) -> a.bltu(A0, A1, to), (l, r) -> Long.compareUnsigned(l, r) < 0 ? 1 : 0);
        checkBranch("bgeu", (a, to) -> a.bgeu(A0, A1, to), (l, r) -> Long.compareUnsigned(l, r) >= 0 ? 1 : 0);
    }

    @Test
    void writesToX0AreLost() {
        check("x0", a -> {
            a.li(0, 5);
            a.add(0, A0, A1);
            a.lui(0, 0x1000);
            a.divu(0, A0, A1);
            a.auipc(T1, 0);
            a.lw(0, T1, 0);
            a.mv(A2, 0);
            a.add(A2, A2, 0);
        }, (l, r) -> 0);
    }

    @Test
    void linksAndJumpsThroughTheSameRegister() {
        Assembler a = new Assembler(TestBoard.BASE);
        Label over = a.label();
        a.jal(T0, over);
        a.ebreak();
        a.bind(over);
        a.auipc(T1, 0x1000);
        long auipc = a.here() - 4;
        a.addi(A0, T1, 17 - 0x1000 / 2);
        a.addi(A0, A0, -0x1000 / 2);
        a.jalr(A0, A0, 0);
        long link = a.here();
        a.ecall();
        TestBoard board = TestBoard.with(a).runToEnd();
        assertThat(board.hart.x(T0)).isEqualTo(TestBoard.BASE + 4);
        assertThat(board.hart.x(T1)).isEqualTo(auipc + 0x1000);
        assertThat(board.hart.x(A0)).as("bit 0 of the target is dropped").isEqualTo(link);
        assertThat(board.hart.pc()).isEqualTo(link + 4);
    }

    @Test
    void loadsExtendAndStoresTruncate() {
        Assembler a = new Assembler(TestBoard.BASE);
        long data = TestBoard.BASE + 0x2000;
        a.li(A0, data);
        a.li(A1, 0x8182_8384_8586_8788L);
        a.sd(A1, A0, 0);
        a.sw(A1, A0, 8);
        a.sh(A1, A0, 12);
        a.sb(A1, A0, 14);
        a.lb(10 + 2, A0, 0);
        a.lbu(13, A0, 0);
        a.lh(14, A0, 0);
        a.lhu(15, A0, 0);
        a.lw(16, A0, 0);
        a.lwu(17, A0, 0);
        a.ld(18, A0, 8);
        a.ld(19, A0, 3);
        a.lw(20, A0, -2);
        a.ecall();
        TestBoard board = TestBoard.with(a).runToEnd();
        assertThat(board.hart.x(12)).isEqualTo(0xffff_ffff_ffff_ff88L);
        assertThat(board.hart.x(13)).isEqualTo(0x88);
        assertThat(board.hart.x(14)).isEqualTo(0xffff_ffff_ffff_8788L);
        assertThat(board.hart.x(15)).isEqualTo(0x8788);
        assertThat(board.hart.x(16)).isEqualTo(0xffff_ffff_8586_8788L);
        assertThat(board.hart.x(17)).isEqualTo(0x8586_8788L);
        assertThat(board.hart.x(18)).isEqualTo(0x0088_8788_8586_8788L);
        assertThat(board.hart.x(19)).as("misaligned").isEqualTo(0x8687_8881_8283_8485L);
        assertThat(board.hart.x(20)).as("misaligned, across pages").isEqualTo(0xffff_ffff_8788_0000L);
    }
}
