package io.sosia.appliance.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.machine.cpu.GuestClock;
import io.sosia.appliance.machine.port.MachineInput.ClockAdjust;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class GuestTimeTest {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;
    private static final long SLICE = 50_000;

    /// A host that makes so many steps a second, and the clock of the guest it runs.
    private static final class Host {
        final GuestClock clock = new GuestClock();
        final List<Long> adjustedAt = new ArrayList<>();
        final GuestTime time;
        double stepsPerSecond;
        long nanos;
        long steps;
        long jumps;

        Host(long startNanos, double stepsPerSecond) {
            this.nanos = startNanos;
            this.stepsPerSecond = stepsPerSecond;
            this.time = new GuestTime(nanos, 0, 0);
            time.awake(nanos, 0);
        }

        void slice() {
            steps += SLICE;
            nanos += (long) (SLICE * 1e9 / stepsPerSecond);
            apply(time.running(nanos, clock.ticks(steps), steps));
        }

        void apply(Optional<ClockAdjust> adjust) {
            adjust.ifPresent(a -> {
                if (a.ticks() > clock.ticks(steps)) {
                    jumps++;
                }
                clock.adjust(steps, a.ticks(), a.ticksPerStepQ32()); // throws when time would go back
                adjustedAt.add(nanos);
            });
        }

        void runFor(long duration) {
            for (long end = nanos + duration; nanos < end;) {
                slice();
            }
        }

        /// How far the guest is behind the host, in nanoseconds.
        long behind() {
            return (time.wantedTicks(nanos) - clock.ticks(steps)) * 100;
        }
    }

    @Property(tries = 200)
    void followsAHostOfAnySpeedWithinMilliseconds(@ForAll @IntRange(min = 2, max = 3_000) int mips,
            @ForAll long start) {
        Host host = new Host(start / 4, mips * 1e6);
        host.runFor(3 * SECOND);
        for (int i = 0; i < 100; i++) {
            host.runFor(10 * MILLI);
            assertThat(Math.abs(host.behind())).isLessThan(3 * MILLI);
        }
    }

    @Property(tries = 100)
    void staysCloseWhenTheSpeedWanders(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Host host = new Host(0, 100e6);
        host.runFor(2 * SECOND);
        for (int i = 0; i < 400; i++) {
            host.stepsPerSecond = Math.clamp(host.stepsPerSecond * (0.8 + 0.4 * random.nextDouble()), 20e6, 400e6);
            host.runFor(10 * MILLI);
            assertThat(Math.abs(host.behind())).as("seed %d", seed).isLessThan(60 * MILLI);
        }
    }

    @Property(tries = 50)
    void correctsAtMostTwentyTimesASecond(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Host host = new Host(0, 100e6);
        for (int i = 0; i < 300; i++) {
            host.stepsPerSecond = 30e6 + random.nextInt(200_000_000);
            host.runFor(10 * MILLI);
        }
        for (int i = 1; i < host.adjustedAt.size(); i++) {
            assertThat(host.adjustedAt.get(i) - host.adjustedAt.get(i - 1)).isGreaterThanOrEqualTo(50 * MILLI);
        }
    }

    @Test
    void steadyGuestNeedsHardlyAnyCorrection() {
        Host host = new Host(0, 100e6);
        host.runFor(2 * SECOND);
        int before = host.adjustedAt.size();
        host.runFor(10 * SECOND);
        assertThat(host.adjustedAt.size() - before).isLessThan(20);
    }

    @Test
    void behindByLessThanASecondCatchesUpAtNoMoreThanTwice() {
        Host host = new Host(0, 100e6);
        host.runFor(2 * SECOND);
        host.nanos += 600 * MILLI;
        long jumps = host.jumps;
        long ticks = host.clock.ticks(host.steps);
        long nanos = host.nanos;
        host.runFor(400 * MILLI);
        double pace = (host.clock.ticks(host.steps) - ticks) * 100.0 / (host.nanos - nanos);
        assertThat(pace).isBetween(1.7, 2.1);
        host.runFor(SECOND);
        assertThat(Math.abs(host.behind())).isLessThan(3 * MILLI);
        assertThat(host.jumps).isEqualTo(jumps);
    }

    @Test
    void behindByMoreThanASecondJumpsOnce() {
        Host host = new Host(0, 100e6);
        host.runFor(2 * SECOND);
        long jumps = host.jumps;
        host.nanos += 5 * SECOND;
        host.slice();
        assertThat(host.jumps).isEqualTo(jumps + 1);
        assertThat(Math.abs(host.behind())).isLessThan(MILLI);
        host.runFor(500 * MILLI);
        assertThat(host.jumps).isEqualTo(jumps + 1);
        assertThat(Math.abs(host.behind())).isLessThan(10 * MILLI);
    }

    @Test
    void pauseOfTheHostIsNotTakenForASlowGuest() {
        Host host = new Host(0, 100e6);
        host.runFor(2 * SECOND);
        double before = host.time.stepsPerSecond();
        host.nanos += 500 * MILLI;
        host.slice();
        assertThat(host.time.stepsPerSecond()).isBetween(before * 0.95, before * 1.05);
    }

    @Test
    void waitsOfAnIdleGuestDoNotCountAsRunning() {
        Host host = new Host(0, 100e6);
        for (int i = 0; i < 200; i++) {
            host.time.awake(host.nanos, host.steps);
            host.steps += 30_000;
            host.nanos += 300_000;
            host.time.idle(host.nanos, host.steps);
            host.nanos += 30 * MILLI;
        }
        assertThat(host.time.stepsPerSecond()).isBetween(95e6, 105e6);
    }

    @Test
    void inputDuringAWaitShowsTheMomentButNotPastTheTimer() {
        GuestTime time = new GuestTime(1_000, 50, 0);
        assertThat(time.inputWhileIdle(1_000 + 10_000, 50, Long.MAX_VALUE)).get()
                .extracting(ClockAdjust::ticks).isEqualTo(150L);
        assertThat(time.inputWhileIdle(1_000 + 10_000, 50, 120)).get().extracting(ClockAdjust::ticks).isEqualTo(120L);
        assertThat(time.inputWhileIdle(1_000 + 10_000, 150, Long.MAX_VALUE)).isEmpty();
        assertThat(time.inputWhileIdle(1_000 + 10_000, 400, 300)).isEmpty();
    }

    @Test
    void ownerMaySleepUntilTheTimerIsDue() {
        GuestTime time = new GuestTime(5_000, 100, 0);
        assertThat(time.nanosUntil(110, 5_000)).isEqualTo(1_000);
        assertThat(time.nanosUntil(110, 5_400)).isBetween(600L, 700L);
        assertThat(time.nanosUntil(110, 6_000)).isZero();
        assertThat(time.nanosUntil(110, 60_000)).isZero();
        assertThat(time.nanosUntil(Long.MAX_VALUE, 5_000)).isEqualTo(Long.MAX_VALUE);
        assertThat(time.nanosUntil(-1, 5_000)).isEqualTo(Long.MAX_VALUE);
        assertThat(time.nanosUntil(Long.MAX_VALUE - 1, 5_000)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void goLiveContinuesFromTheReplayedTimeOnTheNewHostsClock() {
        GuestTime time = new GuestTime(-7 * SECOND, 123_456, 1L << 29);
        assertThat(time.wantedTicks(-7 * SECOND)).isEqualTo(123_456);
        assertThat(time.wantedTicks(-6 * SECOND)).isEqualTo(123_456 + GuestClock.TICKS_PER_SECOND);
        assertThat(time.stepsPerSecond()).isEqualTo(80e6);
    }
}
