package io.sosia.appliance.machine;

import static io.sosia.appliance.machine.asm.Reg.A0;
import static io.sosia.appliance.machine.asm.Reg.A1;
import static io.sosia.appliance.machine.asm.Reg.T0;
import static io.sosia.appliance.machine.asm.Reg.T1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.machine.asm.Assembler;
import io.sosia.appliance.machine.asm.Label;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.Stop;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MachineTest {

    private static final long FAR = 1_000_000_000L;

    private static TestHost host(Machine machine) {
        byte[] disk = new byte[1 << 20];
        new Random(3).nextBytes(disk);
        return new TestHost(machine, disk);
    }

    private static Stop drainAndRun(Machine machine, long until) {
        machine.drain(output -> { });
        return machine.run(until);
    }

    @Test
    void doesNothingUntilSwitchedOn() {
        Machine machine = new Machine(Programs.spec(Programs::worker));
        assertThat(machine.run(100)).isEqualTo(Stop.POWERED_OFF);
        assertThat(machine.steps()).isZero();
        assertThat(machine.consoleRoom()).isZero();
        assertThat(machine.frameRoom()).isZero();
    }

    @Test
    void printsAndSwitchesItselfOff() {
        Machine machine = Programs.machine(a -> {
            Programs.print(a, "hello");
            Programs.systemReset(a, 0, 1);
        });
        assertThat(machine.run(FAR)).isEqualTo(Stop.OUTPUT);
        List<MachineOutput> outputs = new ArrayList<>();
        machine.drain(outputs::add);
        assertThat(outputs).hasSize(2);
        assertThat(((MachineOutput.ConsoleOut) outputs.getFirst()).bytes()).isEqualTo("hello".getBytes());
        assertThat(outputs.getLast()).isEqualTo(new MachineOutput.PowerOff(true));
        long steps = machine.steps();
        assertThat(machine.run(FAR)).isEqualTo(Stop.POWERED_OFF);
        assertThat(machine.steps()).isEqualTo(steps);
    }

    @Test
    void programGetsHartIdAndDeviceTree() {
        Machine machine = Programs.machine(a -> {
            Label bad = a.label();
            a.bne(A0, 0, bad);
            a.lwu(T0, A1, 0);
            a.li(T1, 0xedfe0dd0L);
            a.bne(T0, T1, bad);
            Programs.systemReset(a, 0, 0);
            a.bind(bad);
            Programs.systemReset(a, 0, 1);
        });
        machine.run(FAR);
        machine.drain(output -> assertThat(output).isEqualTo(new MachineOutput.PowerOff(false)));
    }

    @Test
    void restartBeginsAfreshButStepsTimeAndConsoleGoOn() {
        Machine machine = Programs.machine(a -> {
            a.li(T0, GuestRam.BASE + (4 << 20));
            a.ld(T1, T0, 0);
            a.addi(T1, T1, 'a');
            a.sd(T1, T0, 0);
            a.mv(A0, T1);
            Programs.sbi(a, Programs.DBCN, 2);
            Programs.systemReset(a, 1, 0);
        });
        TestHost host = host(machine);
        assertThat(host.run(FAR)).isEqualTo(Stop.RESET);
        long steps = machine.steps();
        assertThat(machine.run(FAR)).isEqualTo(Stop.RESET);
        machine.apply(TestHost.powerOn());
        assertThat(host.run(FAR)).isEqualTo(Stop.RESET);
        assertThat(machine.steps()).isEqualTo(2 * steps);
        assertThat(machine.ticks()).isPositive();
        assertThat(host.console()).isEqualTo("aa");
        assertThat(host.outputs).containsExactly(new MachineOutput.ResetRequested(false),
                new MachineOutput.ResetRequested(false));
    }

    @Test
    void idleIsReportedBeforeTimePasses() {
        Machine machine = Programs.machine(a -> {
            Programs.sleep(a, 1_000_000);
            Programs.print(a, "x");
            Label forever = a.mark();
            a.j(forever);
        });
        assertThat(machine.run(FAR)).isEqualTo(Stop.IDLE);
        long steps = machine.steps();
        long deadline = machine.timerDeadlineTicks();
        assertThat(machine.ticks()).isLessThan(deadline);
        assertThat(machine.run(steps)).as("nothing to do").isEqualTo(Stop.REACHED);
        machine.apply(new MachineInput.ConsoleIn(new byte[0]));
        assertThat(machine.run(FAR)).as("the input has not ended the wait").isEqualTo(Stop.IDLE);
        machine.apply(new MachineInput.ClockAdjust(deadline - 10, 1L << 32));
        assertThat(machine.run(FAR)).isEqualTo(Stop.IDLE);
        assertThat(machine.steps()).isEqualTo(steps);
        assertThat(machine.run(steps + 1)).isEqualTo(Stop.REACHED);
        assertThat(machine.ticks()).isEqualTo(deadline + 1);
    }

    @Test
    void waitWithoutTimerLastsUntilAnInput() {
        Machine machine = Programs.machine(a -> {
            a.li(T0, 1 << 9);
            a.csrrs(0, 0x104, T0);
            enablePlic(a, BoardLayout.UART_IRQ);
            a.li(T0, BoardLayout.UART);
            a.li(T1, 1);
            a.sb(T1, T0, 2);
            a.sb(T1, T0, 1);
            a.wfi();
            Programs.systemReset(a, 0, 0);
        });
        assertThat(machine.run(FAR)).isEqualTo(Stop.IDLE);
        assertThat(machine.run(FAR)).isEqualTo(Stop.IDLE);
        assertThat(machine.timerDeadlineTicks()).isEqualTo(Long.MAX_VALUE);
        assertThat(machine.consoleRoom()).isEqualTo(16);
        machine.apply(new MachineInput.ConsoleIn(new byte[] {'q'}));
        assertThat(machine.run(FAR)).isEqualTo(Stop.OUTPUT);
        assertThat(drainAndRun(machine, FAR)).isEqualTo(Stop.POWERED_OFF);
    }

    private static void enablePlic(Assembler a, int source) {
        a.li(T0, BoardLayout.PLIC + 4 * source);
        a.li(T1, 1);
        a.sw(T1, T0, 0);
        a.li(T0, BoardLayout.PLIC + 0x2000);
        a.li(T1, 1L << source);
        a.sw(T1, T0, 0);
    }

    private static void alarm(Assembler a, boolean interrupt, long afterNanos) {
        a.li(T0, BoardLayout.RTC);
        a.li(T1, interrupt ? 1 : 0);
        a.sw(T1, T0, 0x10);
        a.lwu(A0, T0, 0);
        a.lwu(A1, T0, 4);
        a.slli(A1, A1, 32);
        a.or(A0, A0, A1);
        a.li(A1, afterNanos);
        a.add(A0, A0, A1);
        a.srli(A1, A0, 32);
        a.sw(A1, T0, 0x0c);
        a.sw(A0, T0, 0x08);
    }

    @Test
    void alarmOfTheClockEndsAWaitAtItsTick() {
        Machine machine = Programs.machine(a -> {
            a.li(T0, 1 << 9);
            a.csrrs(0, 0x104, T0);
            enablePlic(a, BoardLayout.RTC_IRQ);
            alarm(a, true, 5_000_000_000L);
            a.wfi();
            Programs.systemReset(a, 0, 0);
        });
        assertThat(machine.run(FAR)).isEqualTo(Stop.IDLE);
        long deadline = machine.timerDeadlineTicks();
        assertThat(deadline).isBetween(50_000_000L, 50_000_100L);
        assertThat(machine.run(FAR)).isEqualTo(Stop.OUTPUT);
        assertThat(machine.ticks()).isBetween(deadline, deadline + 10);
    }

    @Test
    void alarmNobodyListensToEndsNoWait() {
        Machine machine = Programs.machine(a -> {
            alarm(a, true, 5_000L);
            a.wfi();
            Programs.systemReset(a, 0, 0);
        });
        assertThat(machine.run(FAR)).isEqualTo(Stop.IDLE);
        assertThat(machine.timerDeadlineTicks()).isEqualTo(Long.MAX_VALUE);
        assertThat(machine.run(FAR)).isEqualTo(Stop.IDLE);
    }

    @Test
    void alarmFiresAtTheSameStepHoweverTheRunIsCut() {
        long inOnePiece = digestWithAlarm(new Random(1), Integer.MAX_VALUE);
        for (int seed = 2; seed < 6; seed++) {
            assertThat(digestWithAlarm(new Random(seed), 40)).as("seed %d", seed).isEqualTo(inOnePiece);
        }
    }

    private static long digestWithAlarm(Random random, int pieceMax) {
        Machine machine = Programs.machine(a -> {
            alarm(a, true, 20_000L);
            Label loop = a.mark();
            a.li(T0, BoardLayout.PLIC + 0x1000);
            a.lwu(T1, T0, 0);
            a.addi(A0, A0, 1);
            a.beq(T1, 0, loop);
            a.li(T0, GuestRam.BASE + (4 << 20));
            a.sd(A0, T0, 0);
            Label forever = a.mark();
            a.j(forever);
        });
        while (machine.steps() < 5000) {
            machine.run(Math.min(5000, machine.steps() + 1L + random.nextInt(pieceMax)));
        }
        return machine.digest();
    }

    @Test
    void runInPiecesIsTheSameRun() {
        long end = 300_000;
        Machine whole = Programs.machine(Programs::worker);
        TestHost wholeHost = host(whole);
        wholeHost.run(end);
        for (int seed = 0; seed < 3; seed++) {
            Random random = new Random(seed);
            Machine pieces = Programs.machine(Programs::worker);
            TestHost host = host(pieces);
            while (pieces.steps() < end) {
                host.run(Math.min(end, pieces.steps() + 1 + random.nextInt(20_000)));
                if (random.nextInt(4) == 0) {
                    pieces.digest();
                }
            }
            assertThat(pieces.digest()).as("seed %d", seed).isEqualTo(whole.digest());
            assertThat(host.console()).isEqualTo(wholeHost.console());
        }
        assertThat(wholeHost.console().length()).isGreaterThan(20);
    }

    @Test
    void digestShowsOneChangedByteOfRam() {
        Machine one = Programs.machine(Programs::worker);
        Machine other = Programs.machine(Programs::worker);
        assertThat(one.digest()).isEqualTo(other.digest());
        one.run(1000);
        other.run(1001);
        assertThat(one.digest()).isNotEqualTo(other.digest());
        one.run(1001);
        assertThat(one.digest()).isEqualTo(other.digest());
    }

    @Test
    void disksAnswerAfterARestartIsTaken() {
        Machine machine = Programs.machine(Programs::worker);
        assertThat(machine.run(FAR)).isEqualTo(Stop.OUTPUT);
        MachineOutput.DiskRequest request = machine.pendingDiskRequests().getFirst();
        assertThat(request).isEqualTo(new MachineOutput.DiskRead(0, 0, 4096));
        machine.drain(output -> { });
        machine.apply(TestHost.powerOn());
        machine.apply(new MachineInput.DiskCompleted(0, DiskStatus.OK, new byte[4096]));
        assertThat(machine.pendingDiskRequests()).isEmpty();
        assertThat(machine.run(FAR)).isEqualTo(Stop.OUTPUT);
        assertThat(machine.pendingDiskRequests().getFirst().requestId()).isEqualTo(1);
    }

    @Test
    void outputsWaitBeforeAnythingIsExecuted() {
        Machine machine = Programs.machine(Programs::worker);
        assertThat(machine.run(FAR)).isEqualTo(Stop.OUTPUT);
        long steps = machine.steps();
        assertThat(machine.run(FAR)).isEqualTo(Stop.OUTPUT);
        assertThat(machine.steps()).isEqualTo(steps);
    }

    @Test
    void inputsTheMachineCannotTakeAreBrokenInvariants() {
        Machine machine = Programs.machine(Programs::worker);
        assertThatThrownBy(() -> machine.apply(new MachineInput.DiskCompleted(5, DiskStatus.OK, new byte[0])))
                .isInstanceOf(IllegalStateException.class);
        machine.run(1000);
        assertThatThrownBy(() -> machine.apply(new MachineInput.ClockAdjust(0, 1)))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("back");
        assertThatThrownBy(() -> machine.apply(new MachineInput.FramesIn(List.of(new byte[13]))))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("13");
        assertThatThrownBy(() -> machine.run(999)).isInstanceOf(IllegalArgumentException.class);
    }
}
