package io.sosia.appliance.attach;

import java.io.ByteArrayOutputStream;

/// Finds the operator's own keys in what is typed: Ctrl-A x quits, Ctrl-A h helps, Ctrl-A a sends Ctrl-A; the rest is
/// the guest's.
final class ConsoleKeys {
    private static final int CTRL_A = 1;

    private final Runnable quit;
    private final Runnable help;
    private boolean escaped;

    ConsoleKeys(Runnable quit, Runnable help) {
        this.quit = quit;
        this.help = help;
    }

    /// Gives what of the typed bytes goes to the guest, and runs what was asked for. An unknown key after Ctrl-A is
    /// swallowed.
    byte[] typed(byte[] bytes, int length) {
        ByteArrayOutputStream guest = new ByteArrayOutputStream(length);
        for (int i = 0; i < length; i++) {
            int key = bytes[i];
            if (!escaped) {
                escaped = key == CTRL_A;
                if (!escaped) {
                    guest.write(key);
                }
                continue;
            }
            escaped = false;
            switch (key) {
                case 'a', CTRL_A -> guest.write(CTRL_A);
                case 'x', 'X' -> quit.run();
                case 'h', 'H', '?' -> help.run();
                default -> {
                    // Swallowed: a slip of the finger must not reach the guest half.
                }
            }
        }
        return guest.toByteArray();
    }
}
