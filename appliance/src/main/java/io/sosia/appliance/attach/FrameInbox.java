package io.sosia.appliance.attach;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;

/// Frames from outside that wait for the machine's loop; when it is full, the newest frame is dropped and counted.
///
/// Dropping here is what a real network card does when its ring is full. It is legal because nothing in the inbox has
/// been recorded yet.
///
/// Threads: any thread offers, one thread takes. A lock guards the queue because both sides hold it for a few
/// instructions only; the signal runs outside it, on the offering thread, once each time the inbox becomes non-empty,
/// and must not block.
public final class FrameInbox {
    private final int capacity;
    private final Runnable becameNonEmpty;
    private final ArrayDeque<byte[]> frames = new ArrayDeque<>();
    private long accepted;
    private long dropped;

    /// @param capacity frames held at most, 1 or more
    /// @param becameNonEmpty wakes whoever takes
    public FrameInbox(int capacity, Runnable becameNonEmpty) {
        if (capacity < 1) {
            throw new IllegalArgumentException("frame inbox capacity must be 1 or more, got " + capacity);
        }
        this.capacity = capacity;
        this.becameNonEmpty = Objects.requireNonNull(becameNonEmpty);
    }

    /// Takes in one frame, which the caller must not change afterwards.
    ///
    /// @return false when the inbox is full and the frame was dropped
    public boolean offer(byte[] frame) {
        boolean first;
        synchronized (frames) {
            if (frames.size() == capacity) {
                dropped++;
                return false;
            }
            first = frames.isEmpty();
            frames.addLast(frame);
            accepted++;
        }
        if (first) {
            becameNonEmpty.run();
        }
        return true;
    }

    /// The oldest frame, or null when there is none.
    public byte[] poll() {
        synchronized (frames) {
            return frames.pollFirst();
        }
    }

    /// Moves up to `framesMax` frames, oldest first, to the end of `into`.
    ///
    /// @return how many were moved
    public int drainTo(List<? super byte[]> into, int framesMax) {
        synchronized (frames) {
            int count = Math.min(framesMax, frames.size());
            for (int i = 0; i < count; i++) {
                into.add(frames.pollFirst());
            }
            return count;
        }
    }

    /// True when nothing waits.
    public boolean isEmpty() {
        synchronized (frames) {
            return frames.isEmpty();
        }
    }

    /// Throws away what waits: a node that does not execute (a backup) has no use for it. Counted as dropped.
    public void clear() {
        synchronized (frames) {
            dropped += frames.size();
            frames.clear();
        }
    }

    /// Frames taken in since the start.
    public long accepted() {
        synchronized (frames) {
            return accepted;
        }
    }

    /// Frames dropped since the start.
    public long dropped() {
        synchronized (frames) {
            return dropped;
        }
    }
}
