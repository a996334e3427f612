package io.sosia.witness.server;

import io.sosia.witness.claim.NodeName;
import io.sosia.witness.identity.Credentials;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/// What a witness is told before it starts.
///
/// @param name its name, kept in its storage at `init`
/// @param host the address to listen on; `0.0.0.0` for all
/// @param port the TCP port to listen on, 0 to 65535; 0 lets the system choose one
/// @param address `host:port` under which the other members find it; a witness alone does not use it
/// @param storage its directory, of no other use
/// @param snapshotEvery after how many changes a snapshot is taken and the log before it dropped, 1 or more
/// @param credentials its certificate, and whom it lets in; empty to let in everybody, and read by everybody
public record WitnessConfig(
        NodeName name,
        String host,
        int port,
        String address,
        Path storage,
        int snapshotEvery,
        Optional<Credentials> credentials) {
    /// As many changes keep restart under a second and the log under a few megabytes.
    public static final int SNAPSHOT_EVERY_DEFAULT = 4_096;

    /// @throws IllegalArgumentException when a number is out of range or the host is empty
    public WitnessConfig {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(host, "host");
        if (host.isBlank()) {
            throw new IllegalArgumentException("the host to listen on is empty");
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port " + port + " is not between 0 and 65535");
        }
        Objects.requireNonNull(address, "address");
        storage = storage.toAbsolutePath().normalize();
        if (snapshotEvery < 1) {
            throw new IllegalArgumentException("a snapshot every " + snapshotEvery + " changes");
        }
    }

    /// Found where it listens, not encrypted.
    public WitnessConfig(NodeName name, String host, int port, Path storage, int snapshotEvery) {
        this(name, host, port, host + ":" + port, storage, snapshotEvery, Optional.empty());
    }

    /// With the usual interval between snapshots, found where it listens, not encrypted.
    public WitnessConfig(NodeName name, String host, int port, Path storage) {
        this(name, host, port, storage, SNAPSHOT_EVERY_DEFAULT);
    }

    /// The same, with credentials.
    public WitnessConfig with(Credentials own) {
        return new WitnessConfig(name, host, port, address, storage, snapshotEvery, Optional.of(own));
    }
}
