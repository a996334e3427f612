package io.sosia.appliance.cli;

import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.node.NodeConfig;
import io.sosia.appliance.node.NodeHome;
import io.sosia.appliance.node.NodeStatus;
import io.sosia.appliance.node.TrustStatus;
import io.sosia.appliance.node.VerifySummary;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `sosia status`: what a running node says of itself.
@Command(
        name = "status",
        description = "Tells where a running node stands: role, state and why, lag, log, partner, witness.",
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  sosia status --config configs/node-a.yaml",
            "  sosia status --control 127.0.0.1:7711 --json",
            "  sosia status --config configs/node-a.yaml --await PROTECTED",
            "%nExit status: 1 when the node does not answer; with --config it then says how the node ended. "
                    + "1 when it is not in the state awaited."
        })
public final class StatusCommand implements Callable<Integer> {

    /// States worth waiting for: those a node stays in.
    enum Awaited { PROTECTED, READY, SOLO }

    private static final long AWAIT_SECONDS = 60;
    private static final long RENEW_DAYS = 30;
    private static final long ASK_NANOS = 100_000_000;

    @Option(names = "--config", paramLabel = "FILE", description = "The node's configuration.")
    private Path file;

    @Option(names = "--control", paramLabel = "HOST:PORT",
            description = "The node's control address, without its configuration.")
    private String control;

    @Option(names = "--json", description = "One JSON object, with all there is.")
    private boolean json;

    @Option(names = "--await", paramLabel = "PROTECTED|READY|SOLO",
            description = "First waits for a node that is starting to be in this state, for " + AWAIT_SECONDS
                    + " s at most.")
    private Awaited awaited;

    @Override
    public Integer call() {
        if ((file == null) == (control == null)) {
            throw new CliException(CliException.BAD_INPUT,
                    "name the node: either --config FILE or --control HOST:PORT");
        }
        Optional<NodeConfig> config = Optional.ofNullable(file).map(ControlAddress::config);
        InetSocketAddress address = config.isPresent() ? config.get().control() : ControlAddress.parse(control);
        try (ControlClient client = new ControlClient(address)) {
            if (awaited != null) {
                awaitState(client);
            }
            NodeStatus status = client.status();
            if (json) {
                System.out.println(client.statusJson());
            } else {
                print(status, System.out);
            }
            return awaited == null || inStateAwaited(status) ? 0 : CliException.FAILED;
        } catch (IOException e) {
            throw new CliException(CliException.FAILED, config.map(StatusCommand::lastLife).orElse("no node answers at "
                    + address.getHostString() + ":" + address.getPort() + "; is `sosia appliance run` running?"), e);
        }
    }

    private void awaitState(ControlClient client) {
        long untilNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(AWAIT_SECONDS);
        while (!answersAsAwaited(client) && System.nanoTime() < untilNanos) {
            LockSupport.parkNanos(ASK_NANOS);
        }
    }

    private boolean answersAsAwaited(ControlClient client) {
        try {
            return inStateAwaited(client.status());
        } catch (IOException starting) {
            return false;
        }
    }

    private boolean inStateAwaited(NodeStatus status) {
        return status.state().equals(awaited.name());
    }

    /// What is left of a node that does not answer.
    private static String lastLife(NodeConfig config) {
        String node = "node " + config.node();
        if (!NodeHome.exists(config.state())) {
            return node + " does not exist yet: " + config.state() + " is empty; run `sosia pair init` first";
        }
        Optional<Long> holder = NodeHome.holder(config.state());
        if (holder.isPresent()) {
            return node + " runs as process " + holder.get() + ", but does not answer at "
                    + config.control().getHostString() + ":"
                    + config.control().getPort();
        }
        return node + " is not running; " + NodeHome.ending(config.state())
                .map(end -> "it ended " + end.state() + " at " + end.at().truncatedTo(ChronoUnit.SECONDS) + ", epoch "
                        + end.epoch() + ", step " + end.step() + ", because: " + end.reason())
                .orElse("it has not ended in order since `sosia pair init` (never started, killed, or its host went "
                        + "down)");
    }

    private static String compared(VerifySummary verify) {
        String now = verify.running().isEmpty()
                ? verify.everySeconds() == 0 ? "not compared by schedule" : "compared every " + verify.everySeconds() / 3600 + " h, the next "
                        + Instant.ofEpochSecond(verify.lastMicros() / 1_000_000 + verify.everySeconds())
                : String.format(Locale.ROOT, "being compared (%s), %.0f %%", verify.running(), verify.donePercent());
        return now + "; " + (verify.found() == 0 ? "no difference found"
                : verify.found() + " blocks differed, " + verify.repaired() + " repaired");
    }

    /// Whether anybody can read along, and who has tried.
    static String links(TrustStatus trust, Instant now) {
        String how = "NOT ENCRYPTED (tls: off): anybody on the network can read along and be the partner";
        if (trust.encrypted()) {
            Instant until = Instant.ofEpochSecond(trust.certificateUntil());
            long days = Duration.between(now, until).toDays();
            how = "TLS 1.3, certificate until " + until + (until.isBefore(now) ? ": EXPIRED, renew it: sosia certs renew"
                    : days < RENEW_DAYS ? ": ends in " + days + " days, renew it: sosia certs renew" : "");
        }
        return how + "; refused " + trust.connectionsRefused() + " connections, dropped " + trust.messagesDropped()
                + " messages of another life or epoch";
    }

    private static void print(NodeStatus status, PrintStream out) {
        out.printf("node      %s of pair %s, partner %s%n", status.node(), status.pairId(), status.partner());
        out.printf("role      %s%n", status.role());
        out.printf("state     %s, epoch %d (%s)%n", status.state(), status.epoch(), status.why());
        out.printf("machine   %,d steps", status.steps());
        if (status.state().equals("PROTECTED")) {
            out.printf(Locale.ROOT, "; the backup %.1f ms behind, slowed by %.0f %%", status.lagMillis(),
                    status.heldPercent());
        }
        out.printf("%n");
        out.printf("engine    %s%n", status.engine());
        out.printf("log       %,d bit/s, %,d bytes so far, %d outputs held%n",
                status.logBitsPerSecond(), status.logBytes(), status.outputsHeld());
        out.printf("partner   %s%n", status.linked() ? "connected" : "not connected");
        out.printf("witness   %s%s%n", status.witnessReachable() ? "answers" : "does not answer",
                status.renunciation().isEmpty() ? "" : "; renunciation " + status.renunciation());
        out.printf("links     %s%n", links(status.trust(), Instant.now()));
        if (status.verify() != null) {
            out.printf("disks     %s%n", compared(status.verify()));
        }
        out.printf("history%n");
        for (NodeStatus.Transition t : status.transitions()) {
            out.printf("  %s  %s -> %s  epoch %d  step %,d  %s%n", Instant.ofEpochSecond(t.atMicros() / 1_000_000,
                    t.atMicros() % 1_000_000 * 1000), t.from(), t.to(), t.epoch(), t.step(), t.reason());
        }
    }
}
