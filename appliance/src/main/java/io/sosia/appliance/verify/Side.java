package io.sosia.appliance.verify;

/// Whose disk had the wrong bytes.
public enum Side {
    /// The primary's: it does not hold what both held when they were last compared, or cannot read it.
    PRIMARY("primary"),
    /// The backup's, likewise.
    BACKUP("backup"),
    /// Both: neither holds what both held when they were last compared.
    BOTH("both"),
    /// Nobody knows: the block was written since both were last compared, or never was compared.
    UNKNOWN("unknown");

    private final String word;

    Side(String word) {
        this.word = word;
    }

    /// As an operator reads it.
    public String word() {
        return word;
    }
}
