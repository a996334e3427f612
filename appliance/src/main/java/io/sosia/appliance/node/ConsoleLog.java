package io.sosia.appliance.node;

import io.sosia.witness.claim.Incarnation;
import java.util.Optional;

/// The last part of what the guest has written to its console, by offset: a reader that follows both nodes of a pair
/// sees every byte once. It outlives the node's lives for as long as they are lives in one run of the machine: offsets of another
/// run mean other bytes.
///
/// Threads: any; a lock guards the ring because both sides hold it for a copy only.
public final class ConsoleLog {

    private final byte[] ring;
    private long start;
    private long end;
    /// The last life of the partner that had the memory of this console's run.
    private Optional<Incarnation> sharedWith = Optional.empty();

    /// @param capacity bytes kept
    public ConsoleLog(int capacity) {
        ring = new byte[capacity];
    }

    /// A piece of the console.
    ///
    /// @param offset of the first byte in the machine's life
    public record Piece(long offset, byte[] bytes) {}

    /// Adds bytes at their offset; what is known already is skipped.
    ///
    /// @throws IllegalStateException when bytes between are missing
    public synchronized void append(long offset, byte[] bytes) {
        if (offset > end) {
            throw new IllegalStateException("console goes on at offset " + offset + ", expected at most " + end);
        }
        for (int i = (int) Math.min(bytes.length, end - offset); i < bytes.length; i++) {
            ring[(int) (end++ % ring.length)] = bytes[i];
        }
        notifyAll();
    }

    /// The machine boots: nothing has been written to its console yet.
    public synchronized void beginAnew() {
        start = 0;
        end = 0;
        sharedWith = Optional.empty();
    }

    /// A life of the partner has, or is given, this run's memory: the run is the same for as long as that life lasts.
    public synchronized void shareWith(Incarnation partner) {
        sharedWith = Optional.of(partner);
    }

    /// The run that a life of the partner has the memory of goes on here. Forgets what is kept unless it is known to be of that run.
    public synchronized void takeFrom(Incarnation partner) {
        if (!sharedWith.equals(Optional.of(partner))) {
            beginAnew();
            shareWith(partner);
        }
    }

    /// The console goes on at `offset`, and what comes before is not known here: a machine that was taken over. Does nothing when
    /// all before is known.
    public synchronized void skipTo(long offset) {
        if (offset > end) {
            start = offset;
            end = offset;
            notifyAll();
        }
    }

    /// What is kept from `offset` on, at most `bytesMax` bytes; starts later when the beginning is forgotten.
    public synchronized Piece from(long offset, int bytesMax) {
        long from = Math.clamp(offset, Math.max(start, end - ring.length), end);
        byte[] bytes = new byte[(int) Math.min(bytesMax, end - from)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = ring[(int) ((from + i) % ring.length)];
        }
        return new Piece(from, bytes);
    }

    /// Returns when there is something from `offset` on, or after `millis`.
    public synchronized void await(long offset, long millis) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + millis * 1_000_000;
        while (end <= offset) {
            long left = (deadlineNanos - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return;
            }
            wait(left);
        }
    }

    /// Offset after the last byte.
    public synchronized long end() {
        return end;
    }
}
