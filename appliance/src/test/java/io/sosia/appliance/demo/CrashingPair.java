package io.sosia.appliance.demo;

import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.node.CloneProgress;
import io.sosia.appliance.node.DiskDamage;
import io.sosia.appliance.node.DiskReport;
import io.sosia.appliance.node.DiskVerify;
import io.sosia.appliance.node.NodeStatus;
import io.sosia.appliance.node.PairFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;

/// Two nodes as processes of their own, to be killed and started again.
final class CrashingPair implements AutoCloseable {

    /// Who serves and who follows or is to follow.
    record Roles(String primary, String backup) {}

    enum Phase { DISK, LATER, OVER }

    /// How far the way back to redundancy was, as seen last.
    record Moment(Roles roles, Phase phase, String text) {}

    private static final List<Roles> BOTH_WAYS = List.of(new Roles("a", "b"), new Roles("b", "a"));

    private static final Duration LIMIT = Duration.ofSeconds(300);
    private static final int HEAP_MIB = 384;
    private static final long LOOK_NANOS = 1_000_000;

    private final PairFiles files;
    private final Path logs;
    private final Map<String, NodeProcess> nodes = new LinkedHashMap<>();
    private final Set<String> reasons = new TreeSet<>();
    private int lives;

    CrashingPair(PairFiles files, Path logs) throws Exception {
        this.files = files;
        this.logs = logs;
        start("a");
        start("b");
    }

    void start(String node) throws Exception {
        ChildProcess process = ChildProcess.start(node + "-life" + ++lives, logs, HEAP_MIB,
                List.of("appliance", "run", "--config", files.file(node).toString()));
        nodes.put(node, new NodeProcess(process, files.file(node), files.control(node)));
    }

    void kill(String node) {
        nodes.get(node).process().end();
        nodes.get(node).close();
    }

    /// Does this to the disk of a node that has been killed, when there is anything to be damaged.
    void damage(String node, DiskDamage how) throws IOException {
        if (Files.exists(files.state(node).resolve("disk/meta"))) {
            how.doTo(files.state(node));
        }
    }

    Optional<NodeStatus> status(String node) {
        return nodes.get(node).status();
    }

    private boolean is(String node, String state) {
        return status(node).filter(status -> status.state().equals(state)).isPresent();
    }

    /// Waits until either node is protected by the other.
    Roles awaitProtected() throws DemoException {
        Roles[] found = new Roles[1];
        await("PROTECTED", () -> {
            for (Roles roles : BOTH_WAYS) {
                if (is(roles.primary(), "PROTECTED") && is(roles.backup(), "READY")) {
                    found[0] = roles;
                }
            }
            return found[0] != null;
        });
        for (String node : nodes.keySet()) {
            remember(node);
        }
        return found[0];
    }

    private void remember(String node) throws DemoException {
        try {
            nodes.get(node).client().diskHistory().stream().map(ControlClient.HistoryLine::text)
                    .filter(text -> text.startsWith("resync begins: "))
                    .forEach(text -> reasons.add(text.split(": ")[1]));
        } catch (IOException e) {
            throw new DemoException("the history of " + node + "'s disk: " + e.getMessage(), e);
        }
    }

    /// Ways in which a disk has been made equal: `full`, `incremental` or `by hash`.
    Set<String> resyncModes() {
        return reasons;
    }

    void awaitSolo(String node) throws DemoException {
        await(node + " SOLO", () -> is(node, "SOLO"));
    }

    /// Waits until the guest has asked for so many more writes.
    void awaitWrites(String node, long count) throws DemoException {
        long from = awaitConsoleBytes(node);
        await(count + " writes", () -> status(node).filter(status -> status.consoleBytes() >= from + count).isPresent());
    }

    /// A busy node may answer too late for one look.
    private long awaitConsoleBytes(String node) throws DemoException {
        long[] seen = {-1};
        await("an answer of " + node, () -> {
            status(node).ifPresent(status -> seen[0] = status.consoleBytes());
            return seen[0] >= 0;
        });
        return seen[0];
    }

    private void await(String what, Patience.Condition condition) throws DemoException {
        try {
            Patience.await(what, LIMIT, condition);
        } catch (DemoException e) {
            StringBuilder last = new StringBuilder(e.getMessage());
            for (NodeProcess node : nodes.values()) {
                last.append(System.lineSeparator()).append(node.status()).append(node.process().tail());
            }
            throw new DemoException(last.toString(), e);
        }
    }

    /// Waits until either node's disk has been made equal to the other's to a certain share, or all of that is over.
    ///
    /// @param share of the disk; above 1 for what comes after it
    Moment awaitResync(double share) throws DemoException {
        Moment[] seen = new Moment[1];
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (seen[0] == null && System.nanoTime() < deadline) {
            for (Roles roles : BOTH_WAYS) {
                status(roles.primary()).flatMap(status -> moment(roles, status, share)).ifPresent(each -> seen[0] = each);
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        await("a resync of " + share, () -> seen[0] != null);
        return seen[0];
    }

    private static Optional<Moment> moment(Roles roles, NodeStatus status, double share) {
        if (status.state().equals("PROTECTED")) {
            return Optional.of(new Moment(roles, Phase.OVER, "PROTECTED"));
        }
        CloneProgress copy = status.cloning();
        if (copy == null) {
            return Optional.empty();
        }
        boolean disk = copy.phase().equals("disk");
        double done = done(copy);
        return disk && (share > 1 || done < share) ? Optional.empty()
                : Optional.of(new Moment(roles, disk ? Phase.DISK : Phase.LATER, String.format(Locale.ROOT, "%s, %.0f %% of the disk (%s)",
                        copy.phase(), 100 * done, copy.disk())));
    }

    /// -1 when nobody knows yet what is to be done.
    private static double done(CloneProgress copy) {
        long all = copy.diskBytesDone() + copy.diskBytesLeft();
        return all == 0 ? -1 : (double) copy.diskBytesDone() / all;
    }

    /// Compares both disks while they are in use.
    DiskReport compare(String primary) throws Exception {
        ControlClient client = nodes.get(primary).client();
        client.beginVerify(new DiskVerify.Request(Optional.empty(), false, Optional.empty()));
        await("the end of comparing", () -> {
            try {
                return !client.disk().verify().running();
            } catch (IOException e) {
                return false;
            }
        });
        return client.disk();
    }

    /// Has the guest switch itself off.
    ///
    /// @return writes it was known to have asked for
    long switchOff(Roles roles) throws Exception {
        long seen = awaitConsoleBytes(roles.primary());
        nodes.get(roles.primary()).client().type("p".getBytes(StandardCharsets.US_ASCII));
        for (NodeProcess node : nodes.values()) {
            node.process().awaitSuccess(LIMIT);
        }
        return seen;
    }

    @Override
    public void close() {
        nodes.keySet().forEach(this::kill);
    }
}
