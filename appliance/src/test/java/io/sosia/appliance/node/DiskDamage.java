package io.sosia.appliance.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/// What may have happened to the disk of a node that does not run.
public enum DiskDamage {
    METADATA_DELETED, METADATA_TRUNCATED, METADATA_SCRIBBLED, DATA_DELETED, DATA_CUT, DISK_DELETED, STAMP_SCRIBBLED;

    private interface FileWork {
        void on(Path file) throws IOException;
    }

    /// @param state the node's state folder
    public void doTo(Path state) throws IOException {
        Path disk = state.resolve("disk");
        switch (this) {
            case METADATA_DELETED -> delete(disk.resolve("meta"));
            case METADATA_TRUNCATED -> forEachFile(disk.resolve("meta"), file -> Files.write(file, new byte[0]));
            case METADATA_SCRIBBLED -> forEachFile(disk.resolve("meta"), file -> Files.write(file, new byte[777]));
            case DATA_DELETED -> Files.delete(disk.resolve("data.img"));
            case DATA_CUT -> Files.write(disk.resolve("data.img"), new byte[512]);
            case DISK_DELETED -> delete(disk);
            case STAMP_SCRIBBLED -> Files.writeString(state.resolve("stamp.json"), "nonsense");
        }
    }

    private static void forEachFile(Path folder, FileWork work) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                work.on(file);
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
