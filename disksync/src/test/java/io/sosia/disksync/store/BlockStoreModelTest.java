package io.sosia.disksync.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/// Every store against an array of bytes.
class BlockStoreModelTest {
    private static final int SECTORS = 200;
    private static final int SIZE = SECTORS * 512;

    enum Kind { WRITE, READ, DISCARD, ZEROES, FLUSH, REOPEN }

    record Op(Kind kind, int sector, int count, int value) {
    }

    @FunctionalInterface
    interface Open {
        BlockStore open() throws IOException;
    }

    @Provide
    Arbitrary<List<Op>> ops() {
        return Combinators.combine(Arbitraries.of(Kind.class), Arbitraries.integers().between(0, SECTORS - 1),
                Arbitraries.integers().between(0, 30), Arbitraries.integers().between(1, 255))
                .as((kind, sector, count, value) -> new Op(kind, sector, Math.min(count, SECTORS - sector), value))
                .list().ofMaxSize(40);
    }

    @Property(tries = 60)
    void rawImageIsAnArrayOfBytes(@ForAll("ops") List<Op> ops) throws IOException {
        Path image = image();
        try {
            byte[] model = Files.readAllBytes(image);
            run(ops, model, () -> RawImage.open(image), true);
            assertThat(Files.readAllBytes(image)).isEqualTo(model);
        } finally {
            Files.delete(image);
        }
    }

    @Property(tries = 60)
    void overlayIsAnArrayOfBytesAndLeavesItsBaseAlone(@ForAll("ops") List<Op> ops) throws IOException {
        Path image = image();
        try {
            byte[] before = Files.readAllBytes(image);
            run(ops, before.clone(), () -> OverlayImage.over(image), false);
            assertThat(Files.readAllBytes(image)).isEqualTo(before);
        } finally {
            Files.delete(image);
        }
    }

    @Property(tries = 25)
    void diskStoreIsAnArrayOfBytesAcrossReopening(@ForAll("ops") List<Op> ops) throws IOException {
        Path image = image();
        Path dir = Files.createTempDirectory("disk-model");
        try {
            DiskStore.create(dir, Disks.BIRTH, SIZE, image);
            run(ops, Files.readAllBytes(image), () -> DiskStore.open(dir), true);
        } finally {
            Disks.deleteTree(dir);
            Files.delete(image);
        }
    }

    private static Path image() throws IOException {
        Path image = Files.createTempFile("disk-model", ".img");
        byte[] content = new byte[SIZE];
        new Random(5).nextBytes(content);
        Files.write(image, content);
        return image;
    }

    private static void run(List<Op> ops, byte[] model, Open open, boolean keeps) throws IOException {
        BlockStore disk = open.open();
        try {
            for (Op op : ops) {
                int from = op.sector() * 512;
                int length = op.count() * 512;
                switch (op.kind()) {
                    case WRITE -> {
                        Arrays.fill(model, from, from + length, (byte) op.value());
                        Disks.write(disk, from, Disks.filled(length, op.value()));
                    }
                    case READ -> assertThat(Disks.read(disk, from, length))
                            .isEqualTo(Arrays.copyOfRange(model, from, from + length));
                    case DISCARD -> {
                        Arrays.fill(model, from, from + length, (byte) 0);
                        disk.discard(from, length);
                    }
                    case ZEROES -> {
                        Arrays.fill(model, from, from + length, (byte) 0);
                        disk.writeZeroes(from, length);
                    }
                    case FLUSH -> disk.flush();
                    case REOPEN -> {
                        if (keeps) {
                            disk.close();
                            disk = open.open();
                        }
                    }
                }
            }
            assertThat(Disks.read(disk, 0, SIZE)).isEqualTo(model);
        } finally {
            disk.close();
        }
    }
}
