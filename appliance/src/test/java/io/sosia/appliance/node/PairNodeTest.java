package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.netty.channel.EventLoopGroup;
import io.sosia.appliance.arbiter.Arbiter;
import io.sosia.appliance.channel.PeerChannel;
import io.sosia.appliance.channel.Transport;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.lockstep.ToyMachine;
import io.sosia.appliance.node.NodeConfig.BackupReads;
import io.sosia.appliance.output.GateLimits;
import io.sosia.appliance.pair.NodeState;
import io.sosia.appliance.pair.Outcome;
import io.sosia.appliance.pair.PairCore;
import io.sosia.appliance.pair.PairSettings;
import io.sosia.appliance.pair.PeerMessage.DiskStamp;
import io.sosia.appliance.tls.LinkSecurity;
import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairRecord;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A node's event loop when something goes wrong on it.
@Timeout(240)
class PairNodeTest {

    private static final RuntimeException SURPRISE = new IllegalStateException("nobody expected this");
    private static final PairId PAIR = new PairId(new UUID(1, 2));
    private static final NodeName A = new NodeName("a");

    @TempDir
    private Path folder;
    private final CompletableFuture<Throwable> broken = new CompletableFuture<>();
    private EventLoopGroup loop;
    private PairNode node;

    /// Breaks its promise to return at once with nothing.
    private static final class ThrowingArbiter implements Arbiter {
        @Override
        public void read(Answers answers) {
            throw SURPRISE;
        }

        @Override
        public void submit(ClaimCommand claim, Answers answers) {
            throw SURPRISE;
        }

        @Override
        public boolean reachable() {
            return false;
        }

        @Override
        public void close() {}
    }

    private final class Observer implements PairNode.Observer {
        @Override
        public void transition(NodeState from, NodeState to, String reason) {}

        @Override
        public void finished(Outcome outcome, String reason) {}

        @Override
        public void writeRelied(long epoch) {}

        @Override
        public boolean knows(long epoch, EpochFile.Role role) {
            return true;
        }

        @Override
        public void take(long epoch, EpochFile.Role role) {}

        @Override
        public void note(PairRecord order) {}

        @Override
        public void broken(Throwable cause) {
            broken.complete(cause);
        }
    }

    @BeforeEach
    void build() throws Exception {
        loop = Transport.oneLoop(Thread.ofPlatform().daemon().factory());
        NodeHome home = NodeHome.create(folder.resolve("state"), PAIR, A, Optional.empty(), NodeHome.NO_DISK);
        PairedMachine machine = new PairedMachine(new PairedMachine.Parts(new ToyMachine(ToyMachine.Habits.SILENT),
                Optional.empty(), home, BackupReads.LOCAL, _ -> { }, _ -> { }, _ -> { },
                broken::complete));
        PairSettings settings = PairSettings.of(PAIR, A, new NodeName("b"), new Incarnation(UUID.randomUUID()));
        PairCore.Setup setup = new PairCore.Setup(settings, PairCore.LinkTiming.suspectAfter(1_000_000_000), "toy",
                GateLimits.DEFAULT, 1 << 20, 0);
        node = new PairNode(loop, new ThrowingArbiter(), setup, new DiskStamp("none", LogPosition.START, true),
                100_000_000, machine, DiskOffer.none("none"), _ -> { }, new Observer());
        machine.attach(node, () -> { });
    }

    @AfterEach
    void endLoop() {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    @Test
    void whatIsThrownOnTheEventLoopBreaksTheNode() throws Exception {
        node.begin(new PeerChannel(loop, new InetSocketAddress("127.0.0.1", 1), LinkSecurity.OFF, node));
        assertThat(broken.get(120, TimeUnit.SECONDS)).isSameAs(SURPRISE);
    }

    @Test
    void whatIsAskedAfterTheLoopsEndIsForNobody() {
        endLoop();
        assertThatCode(() -> node.terminate()).doesNotThrowAnyException();
        assertThat(broken).isNotDone();
    }
}
