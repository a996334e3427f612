package io.sosia.appliance.eventlog;

/// Where a recorder puts what it writes: the channel to a backup, a recording, or both.
@FunctionalInterface
public interface LogSink {

    /// Takes one entry. Positions follow each other without a gap; an entry once appended is never taken back.
    void append(LogPosition position, LogEntry entry);
}
