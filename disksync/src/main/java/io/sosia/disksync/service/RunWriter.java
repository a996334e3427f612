package io.sosia.disksync.service;

import io.netty.buffer.ByteBuf;
import io.sosia.disksync.store.DiskStore;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Writes the pieces of a disk that arrive: those that follow each other in runs, and some runs side by side, because a write past the
/// host's cache waits for the disk, and one at a time would not keep it busy.
///
/// Whatever is written over another piece is written after it. One thread asks; the disk is not used any more after [#close].
final class RunWriter implements AutoCloseable {
    private static final int AT_ONCE = 4;

    private record UnderWay(Run run, Future<?> written) {}

    private final DiskStore disk;
    private final ExecutorService hands =
            Executors.newFixedThreadPool(AT_ONCE, Thread.ofPlatform().daemon().name("resync run ", 1).factory());
    private final ArrayDeque<Run> free = new ArrayDeque<>();
    /// Oldest first.
    private final ArrayDeque<UnderWay> underWay = new ArrayDeque<>();
    /// What is under way ends here, at most.
    private long end;
    private Run gathering = new Run();
    private Optional<RoomAhead> room = Optional.empty();
    private long upTo;
    private long bytes;

    RunWriter(DiskStore disk) {
        this.disk = disk;
        for (int i = 0; i < AT_ONCE; i++) {
            free.add(new Run());
        }
    }

    /// All of the disk comes from here on, its zeroes too, in ascending order but for what changes meanwhile.
    void expectAll() {
        room = Optional.of(new RoomAhead(disk));
    }

    /// Takes the piece `number`; `data` stays the caller's. It may wait here until others follow it.
    void data(long number, long offset, ByteBuf data) throws IOException {
        if (!gathering.takes(offset, data.readableBytes())) {
            writeGathered();
        }
        gathering.add(number, offset, data);
        if (gathering.length() == Run.BYTES_MAX) {
            writeGathered();
        }
        retire(false);
    }

    /// Writes the piece `number`, of zeroes.
    void zeroes(long number, long offset, long length) throws IOException {
        writeGathered();
        if (offset < end) {
            retire(true);
        }
        room.ifPresent(ahead -> ahead.skip(offset, length));
        disk.receiveZeroes(offset, length);
        covered(number);
        retire(false);
    }

    /// Returns when all that was taken is written.
    void settle() throws IOException {
        writeGathered();
        retire(true);
    }

    /// All pieces up to this one are written.
    long upTo() {
        return upTo;
    }

    /// How much data has been written.
    long bytes() {
        return bytes;
    }

    private void writeGathered() throws IOException {
        Run run = gathering;
        if (run.length() == 0) {
            return;
        }
        if (run.offset() < end) {
            retire(true);
        }
        if (run.length() < DiskStore.PAST_CACHE_BYTES_MIN) {
            run.writeTo(disk);
            bytes += run.length();
            covered(run.upTo());
            run.clear();
            return;
        }
        if (free.isEmpty()) {
            retireOldest();
        }
        gathering = free.remove();
        end = Math.max(end, run.end());
        room.ifPresent(ahead -> ahead.expect(run.offset(), run.length()));
        underWay.add(new UnderWay(run, hands.submit(() -> {
            run.writeTo(disk);
            return null;
        })));
    }

    private void covered(long number) {
        if (underWay.isEmpty()) {
            upTo = number;
        } else {
            underWay.getLast().run().covers(number);
        }
    }

    private void retire(boolean all) throws IOException {
        while (!underWay.isEmpty() && (all || underWay.peek().written().isDone())) {
            retireOldest();
        }
    }

    private void retireOldest() throws IOException {
        UnderWay oldest = underWay.remove();
        try {
            oldest.written().get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException fault) {
                throw fault;
            }
            throw new IllegalStateException(e.getCause().getMessage(), e);
        } catch (InterruptedException e) {
            // An interrupt during I/O would close the disk's file: nobody may interrupt this thread.
            throw new IllegalStateException("the resync's thread was interrupted", e);
        }
        upTo = oldest.run().upTo();
        bytes += oldest.run().length();
        oldest.run().clear();
        free.add(oldest.run());
        if (underWay.isEmpty()) {
            end = 0;
        }
    }

    /// Waits for the writes under way; what was gathered is dropped.
    @Override
    public void close() {
        hands.close();
    }
}
