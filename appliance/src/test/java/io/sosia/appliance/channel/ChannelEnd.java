package io.sosia.appliance.channel;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoopGroup;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.node.PairFiles;
import io.sosia.appliance.pair.PeerMessage;
import io.sosia.appliance.pair.PeerMessage.DiskStamp;
import io.sosia.appliance.pair.PeerMessage.Envelope;
import io.sosia.appliance.pair.PeerMessage.Hello;
import io.sosia.appliance.tls.LinkSecurity;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// One end of a link on its own event loop, and what it was told.
final class ChannelEnd implements PeerListener, AutoCloseable {

    static final Incarnation SELF = new Incarnation(new UUID(1, 1));
    static final Incarnation OTHER = new Incarnation(new UUID(2, 2));

    /// What a listener is told.
    sealed interface Told {
        record Dialled() implements Told {}

        record Got(Envelope envelope) implements Told {}

        record Lost(String reason) implements Told {}
    }

    final LinkedBlockingQueue<Told> told = new LinkedBlockingQueue<>();
    private final EventLoopGroup loop = Transport.oneLoop(task -> new Thread(task, "channel-test"));
    private final PeerChannel channel;
    private volatile long completions;

    /// An end whose partner listens at `partner`, not encrypted.
    ChannelEnd(InetSocketAddress partner) {
        this(partner, LinkSecurity.OFF);
    }

    ChannelEnd(InetSocketAddress partner, LinkSecurity security) {
        channel = new PeerChannel(loop, partner, security, this);
    }

    static InetSocketAddress anyPort() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    InetSocketAddress listen() throws Exception {
        return channel.listen(anyPort());
    }

    PeerChannel channel() {
        return channel;
    }

    void onLoop(Runnable action) {
        loop.submit(action).syncUninterruptibly();
    }

    void send(PeerMessage message) {
        Envelope envelope = new Envelope(3, SELF, OTHER, message);
        onLoop(() -> channel.send(envelope));
    }

    static Hello hello() {
        return new Hello(new PairId(new UUID(7, 7)), new NodeName("a"), "machine",
                new DiskStamp("content", LogPosition.START, true));
    }

    /// What it is told next; a failure names what was waited for.
    Told next(String what) throws InterruptedException {
        Told next = told.poll(120, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("nothing told within 120 s, expected " + what);
        }
        return next;
    }

    PeerMessage nextMessage(String what) throws InterruptedException {
        Told next = next(what);
        if (next instanceof Told.Got(Envelope envelope)) {
            return envelope.message();
        }
        throw new AssertionError("expected " + what + ", got " + next);
    }

    String nextLoss() throws InterruptedException {
        Told next = next("the loss of the link");
        if (next instanceof Told.Lost(String reason)) {
            return reason;
        }
        throw new AssertionError("expected the loss of the link, got " + next);
    }

    /// Until so many are counted and no more: one is counted a moment after it has been hung up on.
    void awaitDropped(long count) {
        awaitDroppedAtLeast(count);
        assertThat(channel.strangersDropped()).isEqualTo(count);
    }

    void awaitDroppedAtLeast(long count) {
        PairFiles.await(count + " strangers counted", () -> channel.strangersDropped() >= count, channel::strangersDropped);
    }

    long completions() {
        return completions;
    }

    @Override
    public void dialled() {
        told.add(new Told.Dialled());
    }

    @Override
    public void received(Envelope envelope) {
        told.add(new Told.Got(envelope));
    }

    @Override
    public void readComplete() {
        completions = completions + 1;
    }

    @Override
    public void lost(String reason) {
        told.add(new Told.Lost(reason));
    }

    @Override
    public void close() {
        channel.close();
        loop.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
