package io.sosia.appliance.machine;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.sosia.appliance.machine.memory.GuestRam;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/// Hash (XXH3) of a machine's complete state and of all it ever put out.
///
/// RAM counts as the sum of a term for each page; only pages written since the last time are hashed again. So the
/// digest is a function of the state alone: it does not matter when digests were taken, how outputs were drained, or
/// what caches hold.
final class Digest {

    private static final Hasher64 XXH3 = Hashing.xxh3_64();

    private final Board board;
    private final long[] terms;
    private long sum;

    /// To be made for a board whose RAM is zero.
    Digest(Board board) {
        this.board = board;
        terms = new long[board.ram.pages()];
        long zeroPage = XXH3.hashBytesToLong(new byte[GuestRam.PAGE_SIZE]);
        for (int page = 0; page < terms.length; page++) {
            terms[page] = term(page, zeroPage);
            sum += terms[page];
            board.ram.clean(page, GuestRam.DIRTY_DIGEST);
        }
    }

    long now() {
        hashWrittenPages();
        ByteArrayOutputStream state = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(state)) {
            board.save(out);
            out.writeLong(sum);
            out.writeLong(board.outbox.consoleBytes());
            out.writeLong(board.outbox.hash());
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory failed", e);
        }
        return XXH3.hashBytesToLong(state.toByteArray());
    }

    private void hashWrittenPages() {
        byte[] bytes = new byte[GuestRam.PAGE_SIZE];
        for (int page = 0; page < terms.length; page++) {
            if (board.ram.isDirty(page, GuestRam.DIRTY_DIGEST)) {
                board.ram.clean(page, GuestRam.DIRTY_DIGEST);
                board.ram.read(page << GuestRam.PAGE_SHIFT, bytes, 0, bytes.length);
                long term = term(page, XXH3.hashBytesToLong(bytes));
                sum += term - terms[page];
                terms[page] = term;
            }
        }
    }

    /// Binds a page's hash to its place, so that swapped pages show.
    private static long term(int page, long hash) {
        long mixed = (hash ^ (page + 1) * 0x9e3779b97f4a7c15L) * 0xbf58476d1ce4e5b9L;
        return mixed ^ mixed >>> 31;
    }
}
