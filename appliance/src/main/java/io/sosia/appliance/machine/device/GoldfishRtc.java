package io.sosia.appliance.machine.device;

import io.sosia.appliance.machine.bus.InterruptPin;
import io.sosia.appliance.machine.bus.MmioDevice;
import io.sosia.appliance.machine.state.BadStateException;
import io.sosia.appliance.machine.state.Stateful;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.function.LongSupplier;

/// The real-time clock ("Goldfish virtual hardware", section on the RTC): nanoseconds since 1970, from the wall-clock
/// base of the last power-on plus guest time.
///
/// The alarm has no timer of its own: whoever runs the engine stops it at [#alarmTicks] and calls [#checkAlarm].
public final class GoldfishRtc implements MmioDevice, Stateful {

    /// Bytes of address space.
    public static final int SIZE = 0x1000;

    private static final long NANOS_PER_TICK = 100;
    private static final int TIME_LOW = 0x00;
    private static final int TIME_HIGH = 0x04;
    private static final int ALARM_LOW = 0x08;
    private static final int ALARM_HIGH = 0x0c;
    private static final int IRQ_ENABLED = 0x10;
    private static final int CLEAR_ALARM = 0x14;
    private static final int ALARM_STATUS = 0x18;
    private static final int CLEAR_INTERRUPT = 0x1c;

    private final LongSupplier ticks;
    private final InterruptPin pin;
    private final Runnable alarmChanged;
    private long baseNanos;
    private long baseTicks;
    private int latchedHigh;
    private int timeHighWritten;
    private int alarmHighWritten;
    private long alarmNanos;
    private boolean alarmSet;
    private boolean interruptEnabled;
    private boolean interruptPending;

    /// @param ticks        guest time now, in ticks of 100 ns
    /// @param pin          the interrupt wire
    /// @param alarmChanged called when [#alarmTicks] may have changed
    public GoldfishRtc(LongSupplier ticks, InterruptPin pin, Runnable alarmChanged) {
        this.ticks = ticks;
        this.pin = pin;
        this.alarmChanged = alarmChanged;
    }

    /// Back to the state at power-on, showing `wallClockNanos` (since 1970-01-01 UTC) now.
    public void reset(long wallClockNanos) {
        baseNanos = wallClockNanos;
        baseTicks = ticks.getAsLong();
        latchedHigh = 0;
        timeHighWritten = 0;
        alarmHighWritten = 0;
        alarmNanos = 0;
        alarmSet = false;
        interruptEnabled = false;
        interruptPending = false;
        update();
    }

    /// Guest time at which the alarm goes off, in ticks; [Long#MAX_VALUE] when none is set.
    public long alarmTicks() {
        if (!alarmSet) {
            return Long.MAX_VALUE;
        }
        // At most 2^63 ns from now either way: no overflow worth more than "never".
        long wait = alarmNanos - baseNanos;
        if (alarmNanos > baseNanos != wait > 0) {
            return alarmNanos > baseNanos ? Long.MAX_VALUE : 0;
        }
        return Math.max(0, baseTicks + Math.ceilDiv(wait, NANOS_PER_TICK));
    }

    /// Whether an alarm that goes off raises the interrupt.
    public boolean interruptEnabled() {
        return interruptEnabled;
    }

    /// Lets the alarm go off if its time has come.
    public void checkAlarm() {
        if (alarmSet && ticks.getAsLong() >= alarmTicks()) {
            alarmSet = false;
            interruptPending = true;
            update();
        }
    }

    @Override
    public long read(int offset, int width) {
        if (width != 4) {
            return 0;
        }
        return switch (offset) {
            case TIME_LOW -> {
                long now = nanos();
                latchedHigh = (int) (now >>> 32);
                yield now & 0xffff_ffffL;
            }
            case TIME_HIGH -> Integer.toUnsignedLong(latchedHigh);
            case ALARM_LOW -> alarmNanos & 0xffff_ffffL;
            case ALARM_HIGH -> alarmNanos >>> 32;
            case IRQ_ENABLED -> interruptEnabled ? 1 : 0;
            case ALARM_STATUS -> alarmSet ? 1 : 0;
            default -> 0;
        };
    }

    @Override
    public void write(int offset, int width, long value) {
        if (width != 4) {
            return;
        }
        switch (offset) {
            case TIME_HIGH -> timeHighWritten = (int) value;
            case TIME_LOW -> {
                baseNanos = join(timeHighWritten, value);
                baseTicks = ticks.getAsLong();
                alarmChanged();
            }
            case ALARM_HIGH -> alarmHighWritten = (int) value;
            case ALARM_LOW -> {
                alarmNanos = join(alarmHighWritten, value);
                alarmSet = true;
                alarmChanged();
            }
            case IRQ_ENABLED -> interruptEnabled = (value & 1) != 0;
            case CLEAR_ALARM -> alarmSet = false;
            case CLEAR_INTERRUPT -> interruptPending = false;
            default -> { }
        }
        update();
    }

    private void alarmChanged() {
        checkAlarm();
        alarmChanged.run();
    }

    private long nanos() {
        return baseNanos + (ticks.getAsLong() - baseTicks) * NANOS_PER_TICK;
    }

    private void update() {
        pin.level(interruptPending && interruptEnabled);
    }

    private static long join(int high, long low) {
        return (long) high << 32 | low & 0xffff_ffffL;
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeLong(baseNanos);
        out.writeLong(baseTicks);
        out.writeInt(latchedHigh);
        out.writeInt(timeHighWritten);
        out.writeInt(alarmHighWritten);
        out.writeLong(alarmNanos);
        out.writeBoolean(alarmSet);
        out.writeBoolean(interruptEnabled);
        out.writeBoolean(interruptPending);
    }

    @Override
    public void load(DataInput in) throws IOException {
        baseNanos = in.readLong();
        baseTicks = in.readLong();
        latchedHigh = in.readInt();
        timeHighWritten = in.readInt();
        alarmHighWritten = in.readInt();
        alarmNanos = in.readLong();
        alarmSet = in.readBoolean();
        interruptEnabled = in.readBoolean();
        interruptPending = in.readBoolean();
        if (baseTicks < 0) {
            throw new BadStateException("RTC base " + baseTicks + " ticks, expected 0 or more");
        }
        update();
    }
}
