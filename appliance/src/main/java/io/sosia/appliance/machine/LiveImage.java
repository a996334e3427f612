package io.sosia.appliance.machine;

import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.port.MachineImage;
import java.io.IOException;
import java.util.Arrays;

/// A board's RAM and state in pieces.
final class LiveImage implements MachineImage {

    private static final byte[] ZERO_PAGE = new byte[PAGE_BYTES];

    private final Board board;

    LiveImage(Board board) {
        this.board = board;
    }

    @Override
    public int pages() {
        return board.ram.pages();
    }

    @Override
    public void markAllChanged() {
        board.ram.markAllDirty(GuestRam.DIRTY_CLONE);
    }

    @Override
    public int changedPages() {
        int changed = 0;
        for (int page = 0; page < board.ram.pages(); page++) {
            changed += board.ram.isDirty(page, GuestRam.DIRTY_CLONE) ? 1 : 0;
        }
        return changed;
    }

    @Override
    public int nextChanged(int page) {
        for (int at = page; at < board.ram.pages(); at++) {
            if (board.ram.isDirty(at, GuestRam.DIRTY_CLONE)) {
                return at;
            }
        }
        return -1;
    }

    @Override
    public boolean take(int page, byte[] into, int at) {
        board.ram.clean(page, GuestRam.DIRTY_CLONE);
        board.ram.read(page << GuestRam.PAGE_SHIFT, into, at, PAGE_BYTES);
        return !Arrays.equals(into, at, at + PAGE_BYTES, ZERO_PAGE, 0, PAGE_BYTES);
    }

    @Override
    public byte[] state() {
        if (!board.outbox.isDrained()) {
            throw new IllegalStateException("outputs wait to be drained");
        }
        try {
            return Snapshot.state(board);
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory failed", e);
        }
    }

    @Override
    public void put(int page, byte[] from, int at) {
        board.ram.write(page << GuestRam.PAGE_SHIFT, from, at, PAGE_BYTES);
    }

    @Override
    public void putZero(int page) {
        board.ram.write(page << GuestRam.PAGE_SHIFT, ZERO_PAGE, 0, PAGE_BYTES);
    }

    @Override
    public void restore(byte[] state) throws IOException {
        Snapshot.load(board, state);
        board.engine.dropCaches();
    }
}
