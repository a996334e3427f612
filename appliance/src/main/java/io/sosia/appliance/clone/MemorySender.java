package io.sosia.appliance.clone;

import io.sosia.appliance.machine.port.MachineImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Pre-copies a running machine's RAM in rounds: first every page, then again and again what has changed since, until so little
/// is left that the rest can be taken while the machine stands still.
///
/// Belongs to the machine's thread, which asks for a piece whenever there is room to send one.
public final class MemorySender {

    /// A rest of so many pages is copied in a few milliseconds: 8 MiB.
    public static final int REST_PAGES_MAX = 2_048;

    private static final int PAGES_PER_PART = ClonePart.PAYLOAD_BYTES_MAX / MachineImage.PAGE_BYTES / 2;
    /// A round that leaves more than this of the one before does not converge by itself.
    private static final double SHRINKING = 0.7;
    private static final double SLOWER = 0.8;
    private static final double PACE_MIN = 0.1;

    private final MachineImage image;
    private int cursor;
    private int rounds;
    private int left;
    private long pagesSent;
    private double pace = 1.0;

    /// Begins with every page.
    public MemorySender(MachineImage image) {
        this.image = image;
        image.markAllChanged();
        left = image.pages();
    }

    /// The next pages to send; empty when nothing has changed.
    public Optional<ClonePart.Pages> next() {
        int page = image.nextChanged(cursor);
        if (page < 0) {
            endRound();
            page = image.nextChanged(0);
            if (page < 0) {
                return Optional.empty();
            }
        }
        return Optional.of(part(page));
    }

    private ClonePart.Pages part(int first) {
        int[] pages = new int[PAGES_PER_PART];
        byte[] bytes = new byte[PAGES_PER_PART * MachineImage.PAGE_BYTES];
        int count = 0;
        int filled = 0;
        int page = first;
        while (page >= 0 && count < PAGES_PER_PART) {
            boolean copied = image.take(page, bytes, filled * MachineImage.PAGE_BYTES);
            pages[count++] = copied ? page : ~page;
            filled += copied ? 1 : 0;
            cursor = page + 1;
            page = image.nextChanged(cursor);
        }
        pagesSent += count;
        return new ClonePart.Pages(Arrays.copyOf(pages, count), Arrays.copyOf(bytes, filled * MachineImage.PAGE_BYTES));
    }

    private void endRound() {
        cursor = 0;
        rounds++;
        int before = left;
        left = image.changedPages();
        if (left > REST_PAGES_MAX && left > SHRINKING * before) {
            pace = Math.max(PACE_MIN, pace * SLOWER);
        }
    }

    /// Whether every page has been sent once and few have changed since.
    public boolean restIsSmall() {
        boolean small = rounds > 0 && image.changedPages() <= REST_PAGES_MAX;
        if (small) {
            // Slow it was for this; waiting for the disk it need not be.
            pace = 1.0;
        }
        return small;
    }

    /// All that has changed since it was sent, while the machine stands still.
    public List<ClonePart.Pages> rest() {
        List<ClonePart.Pages> parts = new ArrayList<>();
        cursor = 0;
        for (int page = image.nextChanged(0); page >= 0; page = image.nextChanged(cursor)) {
            parts.add(part(page));
        }
        return parts;
    }

    /// The share of time the machine may use, above 0 to 1: lowered gently when it changes pages faster than they are sent.
    public double pace() {
        return pace;
    }

    /// Rounds finished.
    public int rounds() {
        return rounds;
    }

    /// Pages sent so far, repeated ones counted again.
    public long pagesSent() {
        return pagesSent;
    }
}
