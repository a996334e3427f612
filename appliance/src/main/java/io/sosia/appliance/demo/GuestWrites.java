package io.sosia.appliance.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What the guest writes to its disk while a client counts: it commits to an SQLite database again and again and tells the number
/// of rows after each on its console, which is an output and so the acknowledgement; and it writes files, each durably, without a
/// pause.
///
/// Each number has to be the one before plus one: a smaller one is an acknowledged commit that was lost.
final class GuestWrites {

    /// What became of all of it.
    ///
    /// @param commits       acknowledged
    /// @param commitsLost   acknowledged commits that were gone later
    /// @param commitsMadeTwice rows nobody was told of
    /// @param filesWritten  files written, each of 3 MB
    /// @param intact        whether the guest, asking its disk once more at the end, finds the database and the files in order
    record Result(long commits, long commitsLost, long commitsMadeTwice, long filesWritten, boolean intact) {

        boolean passed() {
            return commitsLost == 0 && commitsMadeTwice == 0 && intact;
        }

        /// Two lines for the operator.
        String toText() {
            return String.format(Locale.ROOT, """

                      commits acknowledged    %,10d       %,d lost, %,d made twice
                      files written           %,10d       all of the disk's content %s\
                    """, commits, commitsLost, commitsMadeTwice, filesWritten, intact ? "in order" : "NOT in order");
        }
    }

    private static final Duration LIMIT = Duration.ofSeconds(180);
    private static final Pattern COMMITTED = Pattern.compile("COMMITTED (\\d{1,18})");
    private static final Pattern END = Pattern.compile("INTEGRITY (.+) ROWS (\\d{1,18}) FILES (\\d{1,18}) WRONG (\\d{1,18})");
    private static final String SCRIPT = """
            commits() {
              while [ ! -e /tmp/enough ]; do
                echo "COMMITTED $(sqlite3 /root/demo.db 'insert into t values (null); select count(*) from t;')"
              done
            }
            files() {
              n=0
              while [ ! -e /tmp/enough ]; do
                dd if=/usr/bin/redis-server of=/root/file.$((n % 6)) bs=64k conv=fsync 2>/dev/null
                n=$((n + 1))
              done
              echo $n >/tmp/files
            }
            sqlite3 /root/demo.db 'create table t (n integer primary key autoincrement);'
            files & commits & wait
            sync
            echo 3 >/proc/sys/vm/drop_caches
            wrong=0
            for each in /root/file.*; do cmp -s /usr/bin/redis-server $each || wrong=$((wrong + 1)); done
            ask() { sqlite3 /root/demo.db "$1;"; }
            echo INTEGRITY $(ask 'pragma integrity_check') ROWS $(ask 'select count(*) from t') FILES $(cat /tmp/files) WRONG $wrong
            """;

    private final GuestConsole console;
    private final StringBuilder line = new StringBuilder();
    private long commits;
    private long last;
    private long lost;
    private long twice;
    private MatchResult end;

    private GuestWrites(GuestConsole console) {
        this.console = console;
        console.alsoTell(this::read);
    }

    /// Begins, by the shell on the guest's console.
    ///
    /// @param console on which the guest has said that it is ready
    /// @throws DemoException when the shell takes no commands or nothing is committed
    static GuestWrites begin(GuestConsole console, NodeProcess primary) throws DemoException {
        GuestWrites writes = new GuestWrites(console);
        writes.type(primary, "cat >/tmp/writes <<'END'");
        for (String each : SCRIPT.lines().toList()) {
            writes.type(primary, each);
        }
        writes.type(primary, "END");
        writes.type(primary, "sh /tmp/writes &");
        writes.awaitMore(1, primary);
        return writes;
    }

    /// Types a line and waits for its echo: what the guest has not read yet, its serial line may drop.
    private void type(NodeProcess primary, String text) throws DemoException {
        long before = console.offset();
        try {
            byte[] bytes = (text + "\n").getBytes(StandardCharsets.US_ASCII);
            if (primary.client().type(bytes).orElse(0) != bytes.length) {
                throw new DemoException("the guest's console does not take: " + text);
            }
        } catch (IOException e) {
            throw new DemoException("the guest's console cannot be reached: " + e.getMessage(), e);
        }
        console.await("the guest echoes \"" + text + "\"", primary, LIMIT, () -> console.offset() > before + text.length());
    }

    private void read(String piece) {
        line.append(piece);
        for (int at = line.indexOf("\n"); at >= 0; at = line.indexOf("\n")) {
            readLine(line.substring(0, at));
            line.delete(0, at + 1);
        }
    }

    private void readLine(String text) {
        // The shell's prompt, or the echo of what is typed, may stand before it.
        Matcher committed = COMMITTED.matcher(text);
        if (committed.find()) {
            long rows = Long.parseLong(committed.group(1));
            lost += Math.max(0, last + 1 - rows);
            twice += Math.max(0, rows - last - 1);
            last = rows;
            commits++;
        }
        Matcher seen = END.matcher(text);
        if (seen.find()) {
            end = seen.toMatchResult();
        }
    }

    /// Takes what the guest has told so far.
    void look(NodeProcess primary) throws DemoException {
        console.pull(primary.client());
    }

    /// Waits until so many more commits are acknowledged.
    ///
    /// @throws DemoException when they are not in time
    void awaitMore(int count, NodeProcess primary) throws DemoException {
        long until = commits + count;
        console.await(count + " more commits", primary, LIMIT, () -> commits >= until);
    }

    /// Has the guest stop, ask its disk for everything once more, and tell.
    ///
    /// @throws DemoException when it does not
    Result finish(NodeProcess primary) throws DemoException {
        type(primary, "touch /tmp/enough");
        console.await("the guest has looked at its disk", primary, LIMIT, () -> end != null);
        long rows = Long.parseLong(end.group(2));
        return new Result(commits, Math.max(lost, last - rows), Math.max(twice, rows - last), Long.parseLong(end.group(3)),
                end.group(1).equals("ok") && end.group(4).equals("0"));
    }
}
