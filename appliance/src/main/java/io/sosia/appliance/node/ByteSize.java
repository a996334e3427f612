package io.sosia.appliance.node;

/// Sizes as people write them: `256M`, `1G`, `4096K`, or plain bytes; powers of 1024.
public final class ByteSize {

    private ByteSize() {}

    /// @throws IllegalArgumentException saying what was expected, when `text` is no size above 0
    public static long parse(String text) {
        String trimmed = text.strip();
        int shift = 0;
        String digits = trimmed;
        if (!trimmed.isEmpty() && !Character.isDigit(trimmed.charAt(trimmed.length() - 1))) {
            shift = switch (Character.toUpperCase(trimmed.charAt(trimmed.length() - 1))) {
                case 'K' -> 10;
                case 'M' -> 20;
                case 'G' -> 30;
                default -> throw bad(text);
            };
            digits = trimmed.substring(0, trimmed.length() - 1);
        }
        try {
            long number = Long.parseLong(digits);
            if (number > 0 && number <= Long.MAX_VALUE >> shift) {
                return number << shift;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw bad(text);
    }

    private static IllegalArgumentException bad(String text) {
        return new IllegalArgumentException("is `" + text + "`, expected a size such as 64M, 256M or 1G");
    }
}
