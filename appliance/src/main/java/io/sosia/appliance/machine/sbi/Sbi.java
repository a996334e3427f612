package io.sosia.appliance.machine.sbi;

import io.sosia.appliance.machine.cpu.Firmware;
import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.device.Outbox;
import io.sosia.appliance.machine.device.Uart16550;
import io.sosia.appliance.machine.memory.GuestRam;

/// SBI 2.0 for one hart: BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN, and of the legacy calls timer, console and shutdown.
///
/// The extension is in `a7`, the function in `a6`, arguments from `a0` on; the error goes to `a0`, the value to `a1`
/// (legacy calls: the result to `a0` only). No argument whatever makes a call fail otherwise than by its error code.
public final class Sbi implements Firmware {

    /// Most bytes one console write or read moves; the caller goes on with the rest.
    public static final int CONSOLE_BYTES_MAX = 4096;

    private static final long SPEC_VERSION = 2L << 24;
    private static final long IMPLEMENTATION_ID = 0x534f5349;
    private static final long IMPLEMENTATION_VERSION = 1;

    private static final int LEGACY_SET_TIMER = 0;
    private static final int LEGACY_PUT_CHARACTER = 1;
    private static final int LEGACY_GET_CHARACTER = 2;
    private static final int LEGACY_SHUTDOWN = 8;
    private static final int BASE = 0x10;
    private static final int TIME = 0x54494D45;
    private static final int IPI = 0x735049;
    private static final int RFENCE = 0x52464E43;
    private static final int HSM = 0x48534D;
    private static final int SRST = 0x53525354;
    private static final int DBCN = 0x4442434E;

    private static final int SUCCESS = 0;
    private static final int FAILED = -1;
    private static final int NOT_SUPPORTED = -2;
    private static final int INVALID_PARAMETER = -3;
    private static final int ALREADY_AVAILABLE = -6;

    private static final int A0 = 10;

    private final GuestRam ram;
    private final Outbox outbox;
    private final Uart16550 uart;
    private final PowerSwitch power;

    /// @param outbox takes console output
    /// @param uart   where console input waits
    public Sbi(GuestRam ram, Outbox outbox, Uart16550 uart, PowerSwitch power) {
        this.ram = ram;
        this.outbox = outbox;
        this.uart = uart;
        this.power = power;
    }

    @Override
    public void call(Hart hart) {
        long extension = hart.x(A0 + 7);
        if (extension < 0 || extension > Integer.MAX_VALUE) {
            result(hart, NOT_SUPPORTED, 0);
            return;
        }
        // Numbers are 32 bits wide, in a register of 64 (SBI 2.0, "Binary Encoding").
        int function = (int) hart.x(A0 + 6);
        switch ((int) extension) {
            case LEGACY_SET_TIMER -> legacy(hart, setTimer(hart));
            case LEGACY_PUT_CHARACTER -> legacy(hart, put(hart));
            case LEGACY_GET_CHARACTER -> legacy(hart, uart.take());
            case LEGACY_SHUTDOWN -> power.powerOff(false);
            case BASE -> base(hart, function);
            case TIME -> result(hart, function == 0 ? setTimer(hart) : NOT_SUPPORTED, 0);
            case IPI -> result(hart, function == 0 ? sendIpi(hart) : NOT_SUPPORTED, 0);
            // Translations and decoded code follow memory by themselves: a remote fence has nothing left to do.
            case RFENCE -> result(hart, function >= 0 && function <= 2 ? selected(hart) : NOT_SUPPORTED, 0);
            case HSM -> hartState(hart, function);
            case SRST -> result(hart, function == 0 ? reset(hart) : NOT_SUPPORTED, 0);
            case DBCN -> console(hart, function);
            default -> result(hart, NOT_SUPPORTED, 0);
        }
    }

    private static void result(Hart hart, int error, long value) {
        hart.setX(A0, error);
        hart.setX(A0 + 1, value);
    }

    private static void legacy(Hart hart, int value) {
        hart.setX(A0, value);
    }

    private static void base(Hart hart, int function) {
        switch (function) {
            case 0 -> result(hart, SUCCESS, SPEC_VERSION);
            case 1 -> result(hart, SUCCESS, IMPLEMENTATION_ID);
            case 2 -> result(hart, SUCCESS, IMPLEMENTATION_VERSION);
            case 3 -> result(hart, SUCCESS, offers(hart.x(A0)) ? 1 : 0);
            case 4, 5, 6 -> result(hart, SUCCESS, 0);
            default -> result(hart, NOT_SUPPORTED, 0);
        }
    }

    private static boolean offers(long extension) {
        if (extension < 0 || extension > Integer.MAX_VALUE) {
            return false;
        }
        return switch ((int) extension) {
            case LEGACY_SET_TIMER, LEGACY_PUT_CHARACTER, LEGACY_GET_CHARACTER, LEGACY_SHUTDOWN,
                 BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN -> true;
            default -> false;
        };
    }

    private static int setTimer(Hart hart) {
        hart.setTimer(hart.x(A0));
        return SUCCESS;
    }

    private int put(Hart hart) {
        outbox.console((int) hart.x(A0) & 0xff);
        return SUCCESS;
    }

    private static int sendIpi(Hart hart) {
        int error = selected(hart);
        if (error == SUCCESS && (hart.x(A0 + 1) == -1 || (hart.x(A0) & 1) != 0)) {
            hart.setSoftwareInterrupt(true);
        }
        return error;
    }

    /// Checks a hart mask in `a0` with its base in `a1`: only hart 0 exists; base -1 means all.
    private static int selected(Hart hart) {
        long mask = hart.x(A0);
        long base = hart.x(A0 + 1);
        return base == -1 || mask == 0 || base == 0 && (mask & ~1L) == 0 ? SUCCESS : INVALID_PARAMETER;
    }

    /// The one hart is always started; there is nobody to start it again, so it cannot be stopped.
    private static void hartState(Hart hart, int function) {
        boolean exists = hart.x(A0) == 0;
        switch (function) {
            case 0 -> result(hart, exists ? ALREADY_AVAILABLE : INVALID_PARAMETER, 0);
            case 1 -> result(hart, FAILED, 0);
            case 2 -> result(hart, exists ? SUCCESS : INVALID_PARAMETER, 0);
            case 3 -> suspend(hart, (int) hart.x(A0));
            default -> result(hart, NOT_SUPPORTED, 0);
        }
    }

    private static void suspend(Hart hart, int type) {
        if (type == 0) {
            result(hart, SUCCESS, 0);
            hart.waitForInterrupt();
        } else {
            boolean platform = (type & 0x7fff_ffff) >= 0x1000_0000 || type == 0x8000_0000;
            result(hart, platform ? NOT_SUPPORTED : INVALID_PARAMETER, 0);
        }
    }

    private int reset(Hart hart) {
        int type = (int) hart.x(A0);
        int reason = (int) hart.x(A0 + 1);
        boolean knownType = type >= 0 && type <= 2;
        boolean knownReason = reason == 0 || reason == 1;
        if (!knownType && type >>> 28 != 0xf || !knownReason && reason >>> 28 < 0xe) {
            return INVALID_PARAMETER;
        }
        if (!knownType || !knownReason) {
            // The ranges of platforms and implementations: legal, and empty here.
            return NOT_SUPPORTED;
        }
        if (type == 0) {
            power.powerOff(reason == 1);
        } else {
            power.restart(reason == 1);
        }
        return SUCCESS;
    }

    private void console(Hart hart, int function) {
        switch (function) {
            case 0, 1 -> {
                long length = hart.x(A0);
                long address = hart.x(A0 + 1);
                if (hart.x(A0 + 2) != 0 || length < 0 || !ram.contains(address, length)) {
                    result(hart, INVALID_PARAMETER, 0);
                    return;
                }
                int offset = GuestRam.offset(address);
                int most = (int) Math.min(length, CONSOLE_BYTES_MAX);
                result(hart, SUCCESS, function == 0 ? write(offset, most) : read(offset, most));
            }
            case 2 -> result(hart, put(hart), 0);
            default -> result(hart, NOT_SUPPORTED, 0);
        }
    }

    private int write(int offset, int length) {
        for (int i = 0; i < length; i++) {
            outbox.console(ram.read8(offset + i) & 0xff);
        }
        return length;
    }

    private int read(int offset, int most) {
        for (int done = 0; done < most; done++) {
            int value = uart.take();
            if (value < 0) {
                return done;
            }
            ram.write8(offset + done, (byte) value);
        }
        return most;
    }
}
