package io.sosia.appliance.node;

import io.sosia.appliance.clone.ClonePart;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.pair.PeerMessage.Invitation;
import io.sosia.appliance.tls.LinkSecurity;
import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.block.Position;
import io.sosia.disksync.resync.ResyncPlan;
import io.sosia.disksync.resync.ResyncProgress;
import io.sosia.disksync.service.Entrance;
import io.sosia.disksync.service.ResyncSource;
import io.sosia.disksync.service.ResyncTarget;
import io.sosia.disksync.store.DiskStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// A node's disk on its way to the partner, or the partner's on its way here, by `disksync`'s resync.
final class ResyncOffer implements DiskOffer {

    /// What is left of the disk belongs to the cut when it is no more than this: it is read while the machine stands still.
    static final long REST_BYTES_MAX = 8L << 20;

    private static final long LATENCY_TARGET_NANOS = 20_000_000;

    private final DiskStore disk;
    private final MachineDisk machineDisk;
    private final Supplier<InetSocketAddress> listen;
    private final Way way;
    private final Supplier<String> content;
    private final AtomicBoolean fullWanted = new AtomicBoolean();
    /// The last one, stopped before its end: it still knows what the partner lacks.
    private volatile Optional<ResyncSource> interrupted = Optional.empty();
    private volatile Optional<ResyncSource> sending = Optional.empty();
    /// They are asked to end, and may still be reading the disk.
    private final Queue<ResyncSource> ending = new ConcurrentLinkedQueue<>();

    /// Between the two hosts.
    ///
    /// @param partner  where the partner's link is: its disk is on the same host
    /// @param security what lets nobody else in
    /// @param refused  told of each connection that was turned away
    record Way(InetSocketAddress partner, LinkSecurity security, Runnable refused) {}

    /// @param listen  where the resync may be offered; port 0 for any
    /// @param content digest of the image this node's disk was made from
    ResyncOffer(DiskStore disk, MachineDisk machineDisk, Supplier<InetSocketAddress> listen, Way way,
            Supplier<String> content) {
        this.disk = disk;
        this.machineDisk = machineDisk;
        this.listen = listen;
        this.way = way;
        this.content = content;
    }

    /// Resyncs are to send everything, until one has. Any thread.
    void wantFull() {
        fullWanted.set(true);
    }

    @Override
    public Sending send(Listener listener) throws IOException {
        UUID session = UUID.randomUUID();
        String made = madeFrom();
        Optional<ResyncSource> before = interrupted;
        machineDisk.joinsIn(generation(session));
        Forward forward = new Forward(listener, before);
        ResyncSource source = new ResyncSource(disk, new ResyncSource.Settings(listen.get(), session, fullWanted.get(),
                () -> before.flatMap(ResyncSource::interrupted), LATENCY_TARGET_NANOS,
                new Entrance(way.security().accepted(), way.refused())), forward);
        sending = Optional.of(source);
        machineDisk.onRequest(source::guestRequest);
        return new OnItsWay(source, forward, new Invitation(source.port(), session, made));
    }

    private String madeFrom() throws IOException {
        try {
            return content.get();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /// Returns when nothing uses the disk any more; not for the event loop.
    @Override
    public void close() {
        sending.ifPresent(ResyncSource::close);
        interrupted.ifPresent(ResyncSource::close);
        ending.forEach(ResyncSource::close);
    }

    /// On the event loop, which waits for no thread.
    private void end(ResyncSource source) {
        ending.removeIf(ResyncSource::hasEnded);
        ending.add(source);
        source.end();
    }

    private static GenerationId generation(UUID session) {
        return GenerationId.of(session.getMostSignificantBits(), session.getLeastSignificantBits());
    }

    private final class Forward implements ResyncSource.Listener {
        private final Listener listener;
        private final Optional<ResyncSource> before;
        /// What has come first decides who goes on watching writes: this plan, or the end of its source. Guards [#interrupted] too.
        private boolean planned;
        private boolean abandoned;

        Forward(Listener listener, Optional<ResyncSource> before) {
            this.listener = listener;
            this.before = before;
        }

        @Override
        public void planned(ResyncPlan plan) {
            synchronized (ResyncOffer.this) {
                if (abandoned) {
                    // The one before is still what a later resync goes on from.
                    return;
                }
                // The new source watches writes by now. Nobody may go on from the one before once that does not.
                planned = true;
                interrupted = Optional.empty();
            }
            before.ifPresent(ResyncSource::close);
        }

        /// @return whether its source has come far enough to be gone on from
        private boolean abandon(ResyncSource source) {
            synchronized (ResyncOffer.this) {
                abandoned = true;
                if (planned) {
                    interrupted = Optional.of(source);
                }
                return planned;
            }
        }

        @Override
        public void near() {
            listener.near();
        }

        @Override
        public void held() {
            listener.held();
        }

        @Override
        public void failed(String reason) {
            listener.failed(reason);
        }
    }

    private final class OnItsWay implements Sending {
        private final ResyncSource source;
        private final Forward forward;
        private final Invitation invitation;
        private volatile boolean joined;

        OnItsWay(ResyncSource source, Forward forward, Invitation invitation) {
            this.source = source;
            this.forward = forward;
            this.invitation = invitation;
        }

        @Override
        public Invitation invitation() {
            return invitation;
        }

        @Override
        public void hold() {
            source.hold();
        }

        @Override
        public void release() {
            source.release();
        }

        @Override
        public CloneFeed.DiskRest rest(int patience) {
            return () -> {
                DirtyMap left = source.left();
                if (left.count() * Geometry.BLOCK_BYTES > patience * REST_BYTES_MAX) {
                    return Optional.empty();
                }
                List<ClonePart.Blocks> blocks = new ArrayList<>();
                for (long extent : left.extents()) {
                    read(extent, left.blocksOf(extent), blocks);
                }
                if (!machineDisk.beginJoin()) {
                    return Optional.empty();
                }
                joined = true;
                return Optional.of(blocks);
            };
        }

        @Override
        public CloneProgress progress(String phase) {
            Optional<ResyncProgress> known = source.progress();
            return known.map(at -> new CloneProgress(phase, at.reason(), at.bytesDone(), at.bytesLeft(), at.bytesPerSecond()))
                    .orElse(new CloneProgress(phase, "waiting for the partner", 0, 0, 0));
        }

        @Override
        public double pace() {
            return source.pace();
        }

        @Override
        public void done() {
            // Not before: a partner that is lost meanwhile may not have written down that all is to come.
            fullWanted.set(false);
            interrupted = Optional.empty();
            sending = Optional.empty();
            end(source);
        }

        @Override
        public void abandon(String reason) {
            if (joined) {
                // From the cut on the partner's disk has gone its own way: only both disks' own memories tell what differs.
                done();
            } else if (forward.abandon(source)) {
                source.stop();
            } else {
                // It knows less than the one before, if there was one.
                end(source);
            }
        }
    }

    private void read(long extent, long blocks, List<ClonePart.Blocks> into) throws IOException {
        long left = blocks;
        while (left != 0) {
            int first = Long.numberOfTrailingZeros(left);
            int run = Math.min(Long.numberOfTrailingZeros(~(left >>> first)), ClonePart.PAYLOAD_BYTES_MAX / Geometry.BLOCK_BYTES);
            long offset = extent * Geometry.EXTENT_BYTES + (long) first * Geometry.BLOCK_BYTES;
            byte[] bytes = new byte[(int) Math.min((long) run * Geometry.BLOCK_BYTES, disk.sizeBytes() - offset)];
            disk.read(offset, ByteBuffer.wrap(bytes));
            into.add(new ClonePart.Blocks(offset, bytes));
            left &= -1L << (first + run - 1) << 1;
        }
    }

    @Override
    public DiskJoin join(Invitation invitation, Consumer<String> failed) {
        machineDisk.joinsIn(generation(invitation.session()));
        return new Joining(invitation, failed);
    }

    /// On the machine's thread.
    private final class Joining implements DiskJoin {
        private final Invitation invitation;
        private final Consumer<String> failed;
        private Optional<ResyncTarget> target = Optional.empty();

        Joining(Invitation invitation, Consumer<String> failed) {
            this.invitation = invitation;
            this.failed = failed;
        }

        @Override
        public void begin() throws IOException {
            ResyncTarget.Source source = new ResyncTarget.Source(
                    new InetSocketAddress(way.partner().getHostString(), invitation.resyncPort()),
                    new Entrance(way.security().dialled(), way.refused()));
            target = Optional.of(new ResyncTarget(disk, source, invitation.session(), new ResyncTarget.Listener() {
                @Override
                public void planned(String reason) {
                    // The disk's history has it.
                }

                @Override
                public void failed(String reason) {
                    failed.accept(reason);
                }
            }));
        }

        @Override
        public void write(ClonePart.Blocks blocks) throws IOException {
            disk.receive(blocks.offset(), ByteBuffer.wrap(blocks.bytes()));
        }

        @Override
        public void complete(LogPosition cut) throws IOException {
            abandon();
            disk.received(new Position(cut.epoch(), cut.seq()));
        }

        @Override
        public void abandon() {
            target.ifPresent(ResyncTarget::close);
            target = Optional.empty();
        }

        @Override
        public String content() {
            return invitation.content();
        }
    }
}
