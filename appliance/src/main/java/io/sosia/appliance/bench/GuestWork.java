package io.sosia.appliance.bench;

import java.util.List;

/// Something to do inside the guest, by its shell.
///
/// @param name       in results
/// @param prepare    before every run, not timed
/// @param command    what is timed
/// @param operations how many operations it is
/// @param unit       what one is
record GuestWork(String name, String prepare, String command, long operations, String unit) {

    private static final String LOAD = "redis-benchmark -q -c 8 -t get,set";

    /// In the order they are measured. Redis is asked over the guest's loopback, by its own redis-benchmark.
    static final List<GuestWork> ALL = List.of(
            new GuestWork("redis-P1", "redis-cli flushall >/dev/null", LOAD + " -P 1 -n 3000 >/dev/null", 6_000, "requests"),
            new GuestWork("redis-P16", "redis-cli flushall >/dev/null", LOAD + " -P 16 -n 30000 >/dev/null", 60_000, "requests"),
            new GuestWork("sqlite",
                    "[ -s /tmp/load ] || (echo 'create table t(a integer primary key, b text); begin;';"
                            + " seq 1 100000 | sed \"s/.*/insert into t values(&, 'row number &');/\"; echo 'commit;') >/tmp/load;"
                            + " rm -f /root/db*",
                    "sqlite3 /root/db </tmp/load", 100_000, "inserts"),
            new GuestWork("sha256sum", "[ -s /tmp/zeros ] || dd if=/dev/zero of=/tmp/zeros bs=1M count=64 2>/dev/null",
                    "sha256sum /tmp/zeros >/dev/null", 64, "MiB"),
            new GuestWork("dd-fsync", "rm -f /root/zeros; sync",
                    "dd if=/dev/zero of=/root/zeros bs=1M count=64 conv=fsync 2>/dev/null", 64, "MiB"),
            new GuestWork("shell-fork", "true", "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i + 1)); done", 1_000, "programs"),
            new GuestWork("shell-loop", "true", "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done", 200_000, "turns"));
}
