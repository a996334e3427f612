package io.sosia.disksync.export;

import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.store.DiskBirth;
import io.sosia.disksync.store.DiskStore;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.UUID;

/// A disk with random content here and there, as it was when it was exported, and what writes to it since.
final class ExportedDisk implements Closeable {
    static final int BLOCK = 64 << 10;

    final DiskStore store;
    final PointInTimeView view;
    /// What the view has to show.
    final byte[] past;
    private final Random random;

    /// @param sizeBytes of the disk
    /// @param dataBytes written at random places before the moment
    ExportedDisk(Path dir, int sizeBytes, int dataBytes, long sideBytesMax, long seed) throws IOException {
        random = new Random(seed);
        DiskStore.create(dir, new DiskBirth(new UUID(1, seed), new GenerationId(7)), sizeBytes);
        store = DiskStore.open(dir);
        past = new byte[sizeBytes];
        for (int written = 0; written < dataBytes;) {
            written += change(past);
        }
        view = PointInTimeView.take(store, dir, sideBytesMax);
    }

    private ExportedDisk(Path dir, byte[] content) throws IOException {
        random = new Random(content.length);
        DiskStore.create(dir, new DiskBirth(new UUID(1, 2), new GenerationId(7)), content.length);
        store = DiskStore.open(dir);
        past = content;
        store.write(0, ByteBuffer.wrap(content));
        view = PointInTimeView.take(store, dir, 2L * content.length);
    }

    /// A disk that held `content` when it was exported.
    static ExportedDisk of(Path dir, byte[] content) throws IOException {
        return new ExportedDisk(dir, content);
    }

    /// Changes the disk at random, and a model with it.
    ///
    /// @return bytes changed
    int change(byte[] model) throws IOException {
        int sectors = model.length / 512;
        int length = (1 + random.nextInt(Math.min(sectors, 300))) * 512;
        int offset = random.nextInt((model.length - length) / 512 + 1) * 512;
        byte[] bytes = new byte[length];
        if (random.nextInt(4) == 0) {
            store.discard(offset, length);
        } else {
            random.nextBytes(bytes);
            store.write(offset, ByteBuffer.wrap(bytes));
        }
        System.arraycopy(bytes, 0, model, offset, length);
        return length;
    }

    byte[] read(int offset, int length) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(length);
        view.read(offset, into);
        return into.array();
    }

    byte[] past(int offset, int length) {
        return Arrays.copyOfRange(past, offset, offset + length);
    }

    @Override
    public void close() throws IOException {
        view.close();
        store.close();
    }
}
