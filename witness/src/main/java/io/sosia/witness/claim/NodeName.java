package io.sosia.witness.claim;

/// The name of one node: of a pair's, or of a witness.
///
/// @param value 1 to 63 of `a-z 0-9 . -`, beginning with a letter or digit
public record NodeName(String value) implements Comparable<NodeName> {
    /// The longest name, in characters (all ASCII): that of one DNS label.
    public static final int LENGTH_MAX = 63;

    /// @throws IllegalArgumentException when the text is no node name
    public NodeName {
        if (!valid(value)) {
            throw new IllegalArgumentException("node name '" + value + "' is not 1 to " + LENGTH_MAX
                    + " of a-z 0-9 . - beginning with a letter or digit");
        }
    }

    private static boolean valid(String text) {
        if (text == null || text.isEmpty() || text.length() > LENGTH_MAX) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean plain = c >= 'a' && c <= 'z' || c >= '0' && c <= '9';
            if (!plain && (i == 0 || c != '.' && c != '-')) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int compareTo(NodeName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
