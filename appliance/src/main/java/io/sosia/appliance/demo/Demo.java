package io.sosia.appliance.demo;

import io.sosia.appliance.demo.Counting.Kill;
import io.sosia.appliance.engine.EngineKind;
import io.sosia.appliance.image.BuildProgress;
import io.sosia.appliance.image.GuestImage;
import io.sosia.appliance.image.ImageBuildException;
import io.sosia.appliance.image.ImageBuilder;
import io.sosia.appliance.node.NodeStatus;
import io.sosia.appliance.node.NodeStatus.Transition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/// One run of the demo: a pair boots, a client counts, the primary is killed, the client goes on, redundancy comes back; then the
/// new primary is killed, and so on.
public final class Demo implements AutoCloseable {

    /// What to do.
    ///
    /// @param increments  before the first kill, and again after each, at least
    /// @param rounds      kills of the primary, each followed by the return of its partner
    /// @param ram         of the guest, like `256M`
    /// @param backupReads `local` or `logged`
    /// @param dropPercent share of frames lost on purpose
    /// @param engine      of both nodes
    /// @param writes      whether the guest also commits to a database and writes files
    /// @param folder      where everything goes and stays; none: a temporary folder, removed unless the demo fails
    public record Settings(int increments, int rounds, String ram, String backupReads, double dropPercent, EngineKind engine,
            boolean writes, Optional<Path> folder) {
        /// @throws IllegalArgumentException naming what is out of range
        public Settings {
            if (increments < 1 || increments > INCREMENTS_MAX) {
                throw new IllegalArgumentException("increments are 1 to " + INCREMENTS_MAX + ", got " + increments);
            }
            if (rounds < 1 || rounds > ROUNDS_MAX) {
                throw new IllegalArgumentException("rounds are 1 to " + ROUNDS_MAX + ", got " + rounds);
            }
            LocalSite.Setup.check(ram, backupReads, dropPercent);
        }
    }

    private static final int INCREMENTS_MAX = 10_000_000;
    private static final int ROUNDS_MAX = 10_000;
    /// Fewest processors with which both nodes of a demo can translate: each needs one beside its machine's.
    private static final int TRANSLATING_PROCESSORS_MIN = 4;
    private static final Duration PROTECTED_LIMIT = Duration.ofSeconds(180);
    private static final Duration BOOT_LIMIT = Duration.ofSeconds(600);
    private static final Duration LIVE_LIMIT = Duration.ofSeconds(60);
    private static final int COMMITS = 10;

    private final Settings settings;
    private final Narrator narrator;
    private final Path folder;
    private final LocalSite site;
    private final GuestConsole console;
    private LocalPair pair;
    private volatile boolean failed;
    private volatile boolean abandoned;
    private boolean closed;

    /// The engine of both nodes when none is asked for.
    public static EngineKind defaultEngine() {
        return Runtime.getRuntime().availableProcessors() < TRANSLATING_PROCESSORS_MIN ? EngineKind.INTERPRETER : EngineKind.AUTO;
    }

    /// Makes the folder. Nothing runs yet, so that the caller can arrange for [#close] first.
    ///
    /// @throws DemoException when the folder cannot be used
    public Demo(Settings settings, Narrator narrator) throws DemoException {
        this.settings = settings;
        this.narrator = narrator;
        this.console = new GuestConsole(narrator::console);
        this.folder = makeFolder(settings.folder());
        this.site = LocalSite.in(
                new LocalSite.Setup(folder, settings.ram(), settings.backupReads(), settings.dropPercent(),
                        settings.engine()));
    }

    private static Path makeFolder(Optional<Path> wanted) throws DemoException {
        try {
            if (wanted.isEmpty()) {
                return Files.createTempDirectory("sosia-demo-");
            }
            Files.createDirectories(wanted.get());
            try (Stream<Path> content = Files.list(wanted.get())) {
                if (content.findAny().isPresent()) {
                    throw new DemoException(wanted.get() + " is not empty; name a new folder");
                }
            }
            return wanted.get();
        } catch (IOException e) {
            throw new DemoException("no folder for the demo: " + e, e);
        }
    }

    /// Gets the host's programs and the guest image, as far as they are missing, and starts a pair whose guest is
    /// ready.
    ///
    /// @return seconds from the nodes' start until the guest was ready
    /// @throws DemoException when a part of that cannot be had
    public double start(BuildProgress progress) throws DemoException {
        provide(progress);
        try {
            narrator.say("starts witness and network");
            site.start();
            pair = site.newPair();
            long startNanos = System.nanoTime();
            pair.start();
            narrator.say("node a (process " + pair.a().process().pid() + ") and node b (process "
                    + pair.b().process().pid() + ") start");
            pair.a().awaitState("PROTECTED", PROTECTED_LIMIT);
            narrator.say("PROTECTED: a runs the guest, b follows; Debian boots on both");
            console.awaitText("GUEST READY", 0, pair.a(), BOOT_LIMIT);
            checkProtected(pair.a().awaitAnswer(LIVE_LIMIT));
            narrator.say("GUEST READY; its Redis answers on 127.0.0.1:" + site.ports().redis() + ", ssh on port "
                    + site.ports().ssh() + ", http on port " + site.ports().http());
            return (System.nanoTime() - startNanos) / 1e9;
        } catch (DemoException e) {
            failed = true;
            throw e;
        }
    }

    private void checkProtected(NodeStatus status) throws DemoException {
        if (!status.state().equals("PROTECTED")) {
            throw new DemoException("the backup was lost while the guest booted; node a is " + status.state() + ": "
                    + status.transitions().stream().map(each -> each.to() + " (" + each.reason() + ")").toList()
                    + pair.b().process().tail());
        }
    }

    private void provide(BuildProgress progress) throws DemoException {
        ImageBuilder builder = new ImageBuilder(progress);
        Path place = GuestImage.defaultDirectory();
        boolean built = builder.isBuilt(place);
        Path log = logs().resolve("host-tools.log");
        try {
            HostTools.provide(built ? Optional.empty() : Optional.of(builder), log, narrator);
        } catch (DemoException e) {
            failed = Files.exists(log);
            throw e;
        }
        if (built) {
            return;
        }
        narrator.say("builds the guest image in " + place + ", once");
        try {
            builder.build(new ImageBuilder.Request(place, false, Optional.empty()));
        } catch (ImageBuildException | IOException e) {
            throw new DemoException("the guest image cannot be built: " + e.getMessage(), e);
        }
    }

    /// Counts, and kills the primary again and again on the way; each time the survivor takes its partner in again.
    ///
    /// @param bootSeconds for the report
    /// @param leaves      whether the pair is left running: its disks are not compared then
    /// @throws DemoException when the connection breaks, the backup does not go live, replies cease or redundancy does not
    ///                return
    public DemoReport prove(double bootSeconds, boolean leaves) throws DemoException {
        NodeProcess primary = pair.a();
        NodeProcess backup = pair.b();
        try {
            Optional<GuestWrites> writes = beginWrites(primary);
            narrator.say("a client counts over one connection: INCR, reply, INCR, reply");
            Counting counting = Counting.begin(site.ports().redis(), narrator);
            counting.awaitAcknowledged(settings.increments(), Optional.of(primary));
            Redundancy redundancy = new Redundancy();
            Optional<DemoReport.Failover> first = Optional.empty();
            for (int round = 1; round <= settings.rounds(); round++) {
                look(writes, primary);
                Kill kill = counting.kill(primary.process());
                narrator.say("kill -9 of " + primary.process().name() + " after " + kill.acknowledged() + " increments");
                counting.awaitAcknowledged(kill.acknowledged() + settings.increments(), Optional.empty());
                NodeStatus survivor = backup.awaitState("SOLO", LIVE_LIMIT);
                awaitCommits(writes, backup);
                if (first.isEmpty()) {
                    first = Optional.of(failover(counting, kill, survivor));
                }
                NodeProcess returned = redundancy.restore(pair, primary, backup, narrator);
                counting.awaitAcknowledged(counting.client().acknowledged() + settings.increments() / 10,
                        Optional.empty());
                primary = backup;
                backup = returned;
                awaitCommits(writes, primary);
            }
            Optional<GuestWrites.Result> written = finish(writes, primary);
            long counter = counting.finish(site.ports().redis());
            Optional<Boolean> identical = leaves ? Optional.empty()
                    : Optional.of(redundancy.disksIdentical(pair, primary, backup, narrator));
            DemoReport report = report(counting, first.orElseThrow(), counter, redundancy, written, identical, bootSeconds);
            failed = !report.passed();
            return report;
        } catch (DemoException e) {
            failed = true;
            throw new DemoException(e.getMessage() + primary.process().tail() + backup.process().tail(), e);
        }
    }

    private Optional<GuestWrites> beginWrites(NodeProcess primary) throws DemoException {
        if (!settings.writes()) {
            return Optional.empty();
        }
        narrator.say("the guest commits to an SQLite database, telling each commit on its console, and writes files");
        return Optional.of(GuestWrites.begin(console, primary));
    }

    private static void look(Optional<GuestWrites> writes, NodeProcess primary) throws DemoException {
        if (writes.isPresent()) {
            writes.get().look(primary);
        }
    }

    private static void awaitCommits(Optional<GuestWrites> writes, NodeProcess primary) throws DemoException {
        if (writes.isPresent()) {
            writes.get().awaitMore(COMMITS, primary);
        }
    }

    private static Optional<GuestWrites.Result> finish(Optional<GuestWrites> writes, NodeProcess primary) throws DemoException {
        return writes.isPresent() ? Optional.of(writes.get().finish(primary)) : Optional.empty();
    }

    private static DemoReport.Failover failover(Counting counting, Kill kill, NodeStatus survivor) throws DemoException {
        long drainMicros = reached("DRAINING", survivor);
        long claimMicros = reached("CLAIMING", survivor);
        long soloMicros = reached("SOLO", survivor);
        long replyMicros = counting.firstReplyMicros(soloMicros, kill);
        return new DemoReport.Failover(
                kill.acknowledged(),
                round(counting.incrementsPerSecond(kill)),
                round(counting.longestGapMillis(kill.nanos())),
                (drainMicros - kill.wallMicros()) / 1e3,
                (claimMicros - drainMicros) / 1e3,
                (soloMicros - claimMicros) / 1e3,
                (replyMicros - soloMicros) / 1e3);
    }

    private DemoReport report(Counting counting, DemoReport.Failover first, long counter, Redundancy redundancy,
            Optional<GuestWrites.Result> written, Optional<Boolean> identical, double bootSeconds) {
        int acknowledged = counting.client().acknowledged();
        long lost = Math.max(counting.client().lost(), acknowledged - counter);
        long repeated = Math.max(counting.client().repeated(), counter - acknowledged);
        return new DemoReport(
                lost <= 0 && repeated <= 0 && identical.orElse(true) && written.map(GuestWrites.Result::passed).orElse(true),
                settings.rounds(),
                acknowledged,
                counter,
                Math.max(0, lost),
                Math.max(0, repeated),
                identical.orElse(null),
                written.orElse(null),
                round(counting.longestGapMillis(Long.MIN_VALUE / 2)),
                first,
                round(redundancy.clonePauseMillisMedian()),
                round(redundancy.protectedAgainMillisMedian()),
                counting.logBitsPerSecond(),
                round(counting.lagMillis()),
                round(counting.lagMillisMax()),
                round(bootSeconds),
                round(narrator.secondsSoFar()),
                settings.ram(),
                settings.backupReads(),
                settings.engine().decided().word(),
                settings.dropPercent());
    }

    private static long reached(String state, NodeStatus status) throws DemoException {
        return status.transitions().stream().filter(each -> each.to().equals(state)).reduce((_, last) -> last)
                .map(Transition::atMicros)
                .orElseThrow(() -> new DemoException(
                        "node " + status.node() + " went live without having been " + state));
    }

    private static double round(double value) {
        return Math.round(value * 1_000) / 1e3;
    }

    /// How to reach what runs now, for an operator.
    public String directions() {
        StringBuilder text = new StringBuilder();
        text.append(String.format("%n"));
        text.append(String.format("  Redis    redis-cli -p %d get sosia-demo%n", site.ports().redis()));
        text.append(String.format("  ssh      ssh -p %d root@127.0.0.1   (password: sosia)%n", site.ports().ssh()));
        text.append(String.format("  http     curl http://127.0.0.1:%d/%n", site.ports().http()));
        for (NodeProcess node : new NodeProcess[] {pair.a(), pair.b()}) {
            String name = node.process().name();
            text.append(node.process().isAlive()
                    ? String.format("  %s   ./sosia status --config %s%n           kill -9 %d%n", name, node.config(),
                            node.process().pid())
                    : String.format("  %s   has ended%n", name));
        }
        text.append(String.format("  all      %s%n", folder));
        return text.toString();
    }

    /// Waits for the end of everything: until the process is interrupted, or no node runs any more.
    ///
    /// @throws DemoException when the waiting is interrupted
    public void stay() throws DemoException {
        Patience.await("both nodes have ended", Duration.ofNanos(Long.MAX_VALUE / 2),
                () -> !pair.a().process().isAlive() && !pair.b().process().isAlive());
    }

    /// Where each process's diagnostics are.
    public Path logs() {
        return folder.resolve("logs");
    }

    /// Whether the folder stays after [#close], for somebody to look at.
    public boolean keepsFolder() {
        return failed && !abandoned || settings.folder().isPresent();
    }

    /// As [#close], for a demo the operator has ended: what fails now is of no interest any more. Does nothing after
    /// [#close].
    public void abandon() throws DemoException {
        abandoned = true;
        close();
    }

    /// Ends every process, and removes the folder unless it is to stay. May be called twice, from any thread.
    @Override
    public synchronized void close() throws DemoException {
        if (closed) {
            return;
        }
        closed = true;
        site.close();
        if (keepsFolder() || !Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            throw new DemoException("the folder " + folder + " cannot be removed: " + e.getMessage(), e);
        }
    }
}
