package io.sosia.appliance.machine.device;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GoldfishRtcTest {

    private static final long BASE = 1_750_000_000_123_456_789L;

    private long ticks = 5000;
    private boolean interrupt;
    private int changes;
    private final GoldfishRtc rtc = new GoldfishRtc(() -> ticks, level -> interrupt = level, () -> changes++);

    @BeforeEach
    void powerOn() {
        rtc.reset(BASE);
    }

    private long time() {
        return rtc.read(0, 4) | rtc.read(4, 4) << 32;
    }

    private void setAlarm(long nanos) {
        rtc.write(0x0c, 4, nanos >>> 32);
        rtc.write(0x08, 4, nanos & 0xffff_ffffL);
    }

    @Test
    void showsTheWallClockOfPowerOnPlusGuestTime() {
        assertThat(time()).isEqualTo(BASE);
        ticks += 30_000_000;
        assertThat(time()).isEqualTo(BASE + 3_000_000_000L);
    }

    @Test
    void readingTheLowHalfLatchesTheHighHalf() {
        long toCarry = (1L << 32) - (BASE & 0xffff_ffffL);
        long low = rtc.read(0, 4);
        ticks += toCarry / 100 + 1;
        assertThat(low | rtc.read(4, 4) << 32).isEqualTo(BASE);
        assertThat(time()).isGreaterThan(BASE + toCarry - 1);
    }

    @Test
    void guestCanSetTheTime() {
        rtc.write(4, 4, 0x1234);
        rtc.write(0, 4, 0x5678_9abcL);
        ticks += 10;
        assertThat(time()).isEqualTo(0x1234_5678_9abcL + 1000);
    }

    @Test
    void alarmGoesOffAtItsTickAndNotBefore() {
        rtc.write(0x10, 4, 1);
        setAlarm(BASE + 1001);
        assertThat(rtc.alarmTicks()).isEqualTo(5011);
        assertThat(changes).isEqualTo(1);
        assertThat(rtc.read(0x18, 4)).isEqualTo(1);
        ticks = 5010;
        rtc.checkAlarm();
        assertThat(interrupt).isFalse();
        ticks = 5011;
        rtc.checkAlarm();
        assertThat(interrupt).isTrue();
        assertThat(rtc.read(0x18, 4)).isZero();
        assertThat(rtc.alarmTicks()).isEqualTo(Long.MAX_VALUE);
        rtc.write(0x1c, 4, 1);
        assertThat(interrupt).isFalse();
    }

    @Test
    void alarmInThePastGoesOffAtOnce() {
        rtc.write(0x10, 4, 1);
        setAlarm(BASE - 1_000_000_000L);
        assertThat(interrupt).isTrue();
    }

    @Test
    void clearedAlarmNeverGoesOff() {
        rtc.write(0x10, 4, 1);
        setAlarm(BASE + 1000);
        rtc.write(0x14, 4, 1);
        ticks += 1_000_000;
        rtc.checkAlarm();
        assertThat(interrupt).isFalse();
    }

    @Test
    void alarmsAtTheEndsOfTimeDoNotOverflow() {
        rtc.reset(-1);
        setAlarm(Long.MAX_VALUE);
        assertThat(rtc.alarmTicks()).isPositive();
        setAlarm(Long.MIN_VALUE);
        assertThat(rtc.read(0x18, 4)).isZero();
        rtc.reset(Long.MIN_VALUE);
        setAlarm(Long.MAX_VALUE);
        assertThat(rtc.alarmTicks()).isEqualTo(Long.MAX_VALUE);
    }
}
