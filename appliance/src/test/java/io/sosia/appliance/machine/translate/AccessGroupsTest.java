package io.sosia.appliance.machine.translate;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.A2;
import static io.sosia.appliance.machine.asm.Reg.S0;
import static io.sosia.appliance.machine.asm.Reg.S1;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.asm.Reg.ZERO;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.exec.PageTables;
import io.sosia.appliance.machine.exec.TestBoard;
import io.sosia.appliance.machine.isa.Decoder;
import io.sosia.appliance.machine.memory.GuestRam;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// Accesses beside each other share a look into the tables, and what they do is what they would do one by one.
class AccessGroupsTest {

    private static final long DATA = TestBoard.BASE + (2 << 20);
    private static final long TABLES = TestBoard.BASE + (1 << 20);
    private static final int RIGHTS = PageTables.V | PageTables.R | PageTables.W | PageTables.X | PageTables.A | PageTables.D;

    @Test
    void neighboursShareALook() {
        AccessGroups groups = groups(a -> {
            a.sd(A1, A0, 16);
            a.sd(A2, A0, 8);
            a.ld(A1, A0, 0);
            a.lw(A2, A0, 12);
            a.lb(A2, A0, 3);
        });
        assertThat(groups.of(1).group()).as("stores").isSameAs(groups.of(0).group());
        assertThat(groups.of(2).group()).as("loads look into another table").isNotSameAs(groups.of(0).group());
        assertThat(groups.of(3).group()).isSameAs(groups.of(2).group());
        assertThat(groups.of(4).group()).isSameAs(groups.of(2).group());
        assertThat(groups.of(0).group().lowest).isEqualTo(8);
        assertThat(groups.of(0).group().highest).isEqualTo(23);
        assertThat(groups.of(2).group().lowest).isZero();
        assertThat(groups.of(2).group().highest).isEqualTo(15);
    }

    @Test
    void whatMayLieElsewhereLooksForItself() {
        AccessGroups groups = groups(a -> {
            a.ld(A1, A0, 0);
            a.ld(A2, A0, 3);
            a.ld(A2, A0, 250);
            a.ld(A0, A0, 249);
            a.ld(A1, A0, 4);
            a.csrr(A2, 0xc01);
            a.ld(A1, A0, 4);
        });
        assertThat(groups.of(1).group()).as("misaligned, but near").isSameAs(groups.of(0).group());
        assertThat(groups.of(2).group()).as("too far").isNotSameAs(groups.of(1).group());
        assertThat(groups.of(3).group()).as("near the one before").isSameAs(groups.of(2).group());
        assertThat(groups.of(4).group()).as("the register has changed").isNotSameAs(groups.of(3).group());
        assertThat(groups.of(6).group()).as("the tables may have changed").isNotSameAs(groups.of(4).group());
    }

    @Test
    void registersAtAKnownDistanceShareALook() {
        AccessGroups groups = groups(a -> {
            a.ld(A1, A0, 8);
            a.addi(A2, A0, 64);
            a.ld(A1, A2, -48);
            a.mv(A0, A2);
            a.addi(A0, A0, 16);
            a.lw(A1, A0, 4);
            a.addi(A0, A1, 0);
            a.ld(A1, A0, 8);
        });
        assertThat(groups.of(2).group()).isSameAs(groups.of(0).group());
        assertThat(groups.of(5).group()).isSameAs(groups.of(0).group());
        assertThat(groups.of(0).distance()).isEqualTo(8);
        assertThat(groups.of(2).distance()).isEqualTo(16);
        assertThat(groups.of(5).distance()).isEqualTo(84);
        assertThat(groups.of(0).group().lowest).isEqualTo(8);
        assertThat(groups.of(7).group()).as("from a value that was loaded").isNotSameAs(groups.of(0).group());
    }

    @Test
    void distancesAreFromTheRegisterOfTheFirstAccess() {
        AccessGroups groups = groups(a -> {
            a.addi(A0, A0, -32);
            a.sd(A1, A0, 24);
            a.addi(A0, A0, 32);
            a.sd(A1, A0, -16);
        });
        assertThat(groups.of(3).group()).isSameAs(groups.of(1).group());
        assertThat(groups.of(1).distance()).isEqualTo(24);
        assertThat(groups.of(3).distance()).isEqualTo(16);
    }

    @Test
    void constantsBesideEachOtherShareALook() {
        AccessGroups groups = groups(a -> {
            a.auipc(A0, 0x10000);
            a.ld(A1, A0, 16);
            a.auipc(A0, 0x10000);
            a.ld(A2, A0, 16);
            a.li(A0, 100);
            a.ld(A2, A0, 4);
            a.li(A1, 112);
            a.ld(A2, A1, 0);
        });
        assertThat(groups.of(3).group()).isSameAs(groups.of(1).group());
        assertThat(groups.of(3).distance() - groups.of(1).distance()).isEqualTo(8);
        assertThat(groups.of(5).group()).isNotSameAs(groups.of(1).group());
        assertThat(groups.of(7).group()).isSameAs(groups.of(5).group());
    }

    @Test
    void aGroupHasALength() {
        AccessGroups near = groups(a -> {
            a.ld(A1, A0, 0);
            a.ld(A1, A0, AccessGroups.SPAN_MAX - 7);
        });
        AccessGroups far = groups(a -> {
            a.ld(A2, A0, 0);
            a.ld(A1, A0, AccessGroups.SPAN_MAX - 6);
        });
        assertThat(near.of(1).group()).isSameAs(near.of(0).group());
        assertThat(far.of(1).group()).isNotSameAs(far.of(0).group());
    }

    /// Their distance does not fit in an int.
    @Test
    void whatLiesAtOppositeEndsIsFar() {
        for (int bits : new int[] {0x2000_0000, 0x4000_0000, 0x7fff_f000}) {
            AccessGroups groups = groups(a -> {
                a.lui(A0, bits);
                a.lui(A1, -bits);
                a.ld(A2, A0, 0);
                a.ld(A2, A1, 0);
                a.ld(A2, A0, 0);
                a.auipc(A0, bits);
                a.auipc(A1, -bits);
                a.ld(A2, A1, 0);
                a.ld(A2, A0, 0);
            });
            assertThat(groups.of(3).group()).as("0x%x", bits).isNotSameAs(groups.of(2).group());
            assertThat(groups.of(8).group()).as("0x%x", bits).isNotSameAs(groups.of(7).group());
        }
    }

    @Test
    void onlyWhatHasSeveralPlacesMayBeSplit() {
        AccessGroups groups = groups(a -> {
            a.ld(A1, A0, 8);
            a.lw(A2, A0, 12);
            a.sw(A1, A0, 8);
            a.sw(A2, A0, 11);
        });
        assertThat(groups.of(0).group().mayBeSplit()).as("one within the other").isFalse();
        assertThat(groups.of(2).group().mayBeSplit()).isTrue();
    }

    @Test
    void aloneIsAlone() {
        Assembler a = new Assembler(0);
        a.ld(A1, A0, 0);
        a.ld(A2, A0, 8);
        AccessGroups groups = new AccessGroups(block(a), 0);
        assertThat(groups.of(1).group()).isNotSameAs(groups.of(0).group());
    }

    /// A structure of all widths moves byte by byte over the end of a page.
    @Test
    void aStructureCanLieInTwoPages() {
        compare(true, a -> {
            a.li(A0, DATA + GuestRam.PAGE_SIZE - 64);
            a.li(S0, 128);
            Label again = a.label();
            a.bind(again);
            structure(a);
            a.addi(A0, A0, 1);
            a.addi(S0, S0, -1);
            a.bne(S0, ZERO, again);
        });
    }

    /// It stays there for long, so that the region is made anew.
    @Test
    void aStructureCanStayInTwoPages() {
        compare(true, a -> {
            a.li(A0, DATA + GuestRam.PAGE_SIZE - 16);
            a.li(S0, 5000);
            Label again = a.label();
            a.bind(again);
            a.addi(A1, A1, 1);
            structure(a);
            a.addi(S0, S0, -1);
            a.bne(S0, ZERO, again);
        });
    }

    /// What fills page after page finds each first byte in a page that the tables do not know: that is no reason to look for each access.
    @Test
    void neighboursInPagesThatAreNewStayTogether() {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(T0, 8L << 60 | TABLES >>> 12);
        a.csrw(0x180, T0);
        a.li(A0, DATA - 200 * GuestRam.PAGE_SIZE);
        a.li(A1, DATA);
        Label again = a.label();
        a.bind(again);
        for (int i = 0; i < 8; i++) {
            a.sd(ZERO, A0, 8 * i);
        }
        a.addi(A0, A0, 64);
        a.bne(A0, A1, again);
        a.ecall();
        Translator translator = translate(false, a);
        List<Region> regions = EagerTranslator.regions(translator, GuestRam.offset(a.address(again)), a.bytes().length);
        assertThat(regions.stream().mapToLong(translator::steps).sum()).isGreaterThan(100_000);
        assertThat(regions).allMatch(region -> region.held.plan.alone().length == 0);
    }

    /// A function whose first instructions are the neighbours, called through a register: a region is made anew, in which they look alone.
    @Test
    void aRegionThatIsLeftByASplitIsReplaced() {
        long[] function = new long[1];
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(T0, 8L << 60 | TABLES >>> 12);
        a.csrw(0x180, T0);
        Label start = a.label();
        Label called = a.label();
        a.j(start);
        a.bind(called);
        function[0] = a.here();
        a.ld(A1, A0, 0);
        a.ld(A2, A0, 8);
        a.ret();
        a.bind(start);
        a.li(A0, DATA + GuestRam.PAGE_SIZE - 8);
        a.li(S0, 2000);
        a.li(S1, a.address(called));
        Label again = a.label();
        a.bind(again);
        a.jalr(1, S1, 0);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.ecall();
        Translator translator = translate(true, a);
        int place = (int) (function[0] - TestBoard.BASE);
        assertThat(EagerTranslator.regions(translator, 0, GuestRam.PAGE_SIZE))
                .anyMatch(region -> Arrays.equals(region.held.plan.alone(), new int[] {place}) && translator.steps(region) > 1000);
    }

    /// Two runs of accesses, too many for one class, lie over a page's end in turns.
    @Test
    void whatIsTooBigIsMadeSmallerAndNotAskedForAgain() {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(T0, 8L << 60 | TABLES >>> 12);
        a.csrw(0x180, T0);
        a.li(A0, DATA + GuestRam.PAGE_SIZE - 128);
        a.li(A1, DATA + GuestRam.PAGE_SIZE - 120);
        a.li(S0, 20_000);
        Label again = a.label();
        Label other = a.label();
        Label end = a.label();
        a.bind(again);
        a.andi(A2, S0, 3);
        a.beq(A2, ZERO, other);
        manyLoads(a, A0);
        a.j(end);
        a.bind(other);
        manyLoads(a, A1);
        a.bind(end);
        a.addi(S0, S0, -1);
        a.bne(S0, ZERO, again);
        a.ecall();
        int[] offered = new int[1];
        TranslationQueue counting = work -> {
            offered[0]++;
            return TranslationQueue.AT_ONCE.offer(work);
        };
        TestBoard board = new TestBoard(hart -> new Translator(hart, counting, (short) 2, 200, 0, 1000));
        map(board, true);
        board.put(TestBoard.BASE, a.bytes());
        int before = 0;
        for (int i = 0; i < 200; i++) {
            board.engine.run(board.hart.steps() + 3000);
            before = i < 100 ? offered[0] : before;
        }
        assertThat(before).isPositive();
        assertThat(board.ended).isFalse();
        // What looks alone by now is not asked for again; at each 64th split, it would be a hundred times.
        assertThat(offered[0] - before).as("asked in the last 300,000 steps").isLessThan(10);
    }

    /// Every load looks for itself, and brings home all registers if its page is not known: more than 64 KiB of bytecode.
    @Test
    void whatIsLongerThanAnyMethodIsMadeSmaller() {
        TestBoard board = EagerTranslator.agreeing(each -> {
            Assembler a = new Assembler(TestBoard.BASE);
            a.li(A0, DATA);
            a.sd(A0, A0, 0);
            a.li(S0, 500);
            a.sd(S0, A0, 8);
            Label again = a.label();
            a.bind(again);
            for (int register = 1; register < 32; register++) {
                a.li(register, register);
            }
            a.li(A0, DATA);
            for (int i = 0; i < 205; i++) {
                a.ld(A0, A0, 0);
            }
            a.ld(S0, A0, 8);
            a.addi(S0, S0, -1);
            a.sd(S0, A0, 8);
            a.bne(S0, ZERO, again);
            a.ecall();
            each.put(TestBoard.BASE, a.bytes());
        });
        assertThat(((Translator) board.engine).regions()).isPositive();
    }

    private static void manyLoads(Assembler a, int base) {
        int[] into = {3, 4, 7, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
        for (int i = 0; i < 2 * into.length; i++) {
            a.ld(into[i % into.length], base, 8 * (i % 31));
        }
    }

    private static void structure(Assembler a) {
        a.ld(A1, A0, 0);
        a.lw(A2, A0, 20);
        a.add(A1, A1, A2);
        a.sh(A1, A0, 30);
        a.sd(A1, A0, 8);
        a.sb(S0, A0, 17);
        a.lbu(A2, A0, 31);
        a.sw(A2, A0, 24);
    }

    /// The second page is not mapped: the trap is that of the access itself, and what comes before it has happened.
    @Test
    void theSecondPageCanFault() {
        for (int bytes = 0; bytes < 32; bytes += 4) {
            int before = bytes;
            compare(false, a -> {
                Label handler = a.label();
                Label start = a.label();
                a.j(start);
                a.align(4);
                a.bind(handler);
                a.csrr(S1, 0x143);
                a.ecall();
                a.bind(start);
                a.li(T0, a.address(handler));
                a.csrw(0x105, T0);
                a.li(S0, 200);
                a.li(A0, DATA + 1024);
                Label again = a.label();
                a.bind(again);
                structure(a);
                a.addi(S0, S0, -1);
                a.bne(S0, ZERO, again);
                a.li(A0, DATA + GuestRam.PAGE_SIZE - before);
                a.li(S0, 1);
                a.j(again);
            });
        }
    }

    /// Runs a program, which gets paging and its end here, with both engines.
    ///
    /// @param second whether the page behind [#DATA] is mapped: far away
    private static void compare(boolean second, Consumer<Assembler> program) {
        Assembler a = new Assembler(TestBoard.BASE);
        a.li(T0, 8L << 60 | TABLES >>> 12);
        a.csrw(0x180, T0);
        program.accept(a);
        a.ecall();
        EagerTranslator.agreeing(board -> {
            map(board, second);
            board.put(TestBoard.BASE, a.bytes());
        });
    }

    /// Runs a program with a translator.
    private static Translator translate(boolean second, Assembler program) {
        Translator[] translator = new Translator[1];
        TestBoard board = new TestBoard(hart -> translator[0] = EagerTranslator.translator(hart));
        map(board, second);
        board.put(TestBoard.BASE, program.bytes());
        EagerTranslator.runInPieces(board);
        return translator[0];
    }

    private static void map(TestBoard board, boolean second) {
        PageTables tables = new PageTables(board.ram, TABLES);
        for (long page = TestBoard.BASE; page <= DATA; page += GuestRam.PAGE_SIZE) {
            tables.map(page, page, 0, RIGHTS);
        }
        if (second) {
            tables.map(DATA + GuestRam.PAGE_SIZE, DATA + 7 * GuestRam.PAGE_SIZE, 0, RIGHTS);
        }
    }

    private static AccessGroups groups(Consumer<Assembler> block) {
        Assembler a = new Assembler(0);
        block.accept(a);
        return new AccessGroups(block(a));
    }

    private static RegionPlan.Block block(Assembler a) {
        byte[] bytes = a.bytes();
        long[] words = new long[bytes.length / 4];
        for (int i = 0; i < words.length; i++) {
            words[i] = Decoder.decode(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(4 * i));
        }
        return new RegionPlan.Block(0, words, 0);
    }
}
