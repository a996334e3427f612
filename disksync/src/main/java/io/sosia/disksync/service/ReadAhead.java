package io.sosia.disksync.service;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.resync.ResyncSender;
import io.sosia.disksync.store.DiskStore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The pieces that go next, of which the host is told before they are read. Not thread-safe: its owner guards it.
final class ReadAhead {
    /// 4 MiB at most.
    private static final int PIECES_MAX = 16;

    private final ArrayDeque<ResyncSender.Piece> pieces = new ArrayDeque<>();

    /// What goes next.
    ///
    /// @param soon gets what goes later and has to be read by then
    Optional<ResyncSender.Piece> next(ResyncSender sender, List<ByteRange> soon, long now) {
        // Half of them at a time: the host is told of few long ranges.
        boolean more = pieces.size() <= PIECES_MAX / 2;
        while (more && pieces.size() < PIECES_MAX) {
            Optional<ResyncSender.Piece> piece = sender.next(now);
            more = piece.isPresent();
            piece.ifPresent(ahead -> {
                pieces.add(ahead);
                soon.add(ahead.range());
            });
        }
        return Optional.ofNullable(pieces.poll());
    }

    /// Tells the host.
    static void announce(List<ByteRange> soon, DiskStore disk) {
        for (ByteRange range : joined(soon)) {
            disk.willNeed(range.offset(), range.length());
        }
    }

    private static List<ByteRange> joined(List<ByteRange> ranges) {
        List<ByteRange> joined = new ArrayList<>();
        for (ByteRange next : ranges) {
            if (!joined.isEmpty() && joined.getLast().end() == next.offset()) {
                ByteRange last = joined.removeLast();
                joined.add(new ByteRange(last.offset(), last.length() + next.length()));
            } else {
                joined.add(next);
            }
        }
        return joined;
    }
}
