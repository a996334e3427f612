package io.sosia.witness.claim;

import java.util.Objects;

/// Who gave an order that the rules alone would not, why, and when. Kept with the pair; decides nothing.
///
/// @param operator 1 to 64 characters, no control characters
/// @param reason 1 to 256 characters, no control characters
/// @param wallClockMillis milliseconds since 1970 by the operator's own host; not negative
public record OperatorWord(String operator, String reason, long wallClockMillis) {
    /// The longest operator name, in UTF-16 units.
    public static final int OPERATOR_LENGTH_MAX = 64;
    /// The longest reason, in UTF-16 units.
    public static final int REASON_LENGTH_MAX = 256;

    /// @throws IllegalArgumentException when a value is out of its range
    public OperatorWord {
        check("operator", operator, OPERATOR_LENGTH_MAX);
        check("reason", reason, REASON_LENGTH_MAX);
        if (wallClockMillis < 0) {
            throw new IllegalArgumentException("wall clock " + wallClockMillis + " ms is before 1970");
        }
    }

    private static void check(String what, String text, int lengthMax) {
        Objects.requireNonNull(text, what);
        if (text.isBlank() || text.length() > lengthMax) {
            throw new IllegalArgumentException(
                    what + " has " + text.length() + " characters, expected 1 to " + lengthMax + " and not blank");
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isISOControl(c)) {
                throw new IllegalArgumentException(what + " has a control character at " + i);
            }
            if (Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                throw new IllegalArgumentException(what + " has half a character at " + i);
            }
        }
    }
}
