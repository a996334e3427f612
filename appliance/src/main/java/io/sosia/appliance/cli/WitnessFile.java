package io.sosia.appliance.cli;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.config.ConfigFile;
import io.sosia.appliance.tls.Authority;
import io.sosia.appliance.tls.Tls;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.client.WitnessMembership.Asking;
import io.sosia.witness.identity.Identity;
import io.sosia.witness.server.WitnessConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// What the configuration of a witness says.
///
/// @param file   for messages
/// @param config without credentials yet
/// @param tls    the folder of its key and certificate; empty when nothing is to be encrypted
record WitnessFile(Path file, WitnessConfig config, Optional<Path> tls) {

    private static final long SNAPSHOT_EVERY_MAX = 1_000_000;

    /// @throws CliException with status 2 when it is missing or wrong
    static WitnessFile read(Path path) {
        try {
            ConfigFile file = ConfigFile.read(path);
            NodeName name = name(file);
            InetSocketAddress listen = file.address("listen", "0.0.0.0:7700");
            InetSocketAddress found = file.textOptional("address").isPresent()
                    ? file.address("address", "w1.example.org:7700")
                    : listen;
            String address = found.getHostString() + ":" + found.getPort();
            Path storage = file.pathOf("storage", "/var/lib/sosia/witness");
            int snapshotEvery = (int) file.number(
                    "snapshotEvery", WitnessConfig.SNAPSHOT_EVERY_DEFAULT, 1, SNAPSHOT_EVERY_MAX);
            Optional<Path> tls = file.pathOrOff("tls", Path.of("tls", name.value()));
            file.checkAllUsed();
            return new WitnessFile(path, new WitnessConfig(name, listen.getHostString(), listen.getPort(), address, storage,
                    snapshotEvery, Optional.empty()), tls);
        } catch (ConfigException wrong) {
            throw new CliException(CliException.BAD_INPUT, wrong.getMessage(), wrong);
        }
    }

    private static NodeName name(ConfigFile file) throws ConfigException {
        String text = file.text("name", "w1");
        try {
            return new NodeName(text);
        } catch (IllegalArgumentException unfit) {
            throw file.wrong("name", "is `" + text + "`, expected 1 to " + NodeName.LENGTH_MAX
                    + " of a-z 0-9 . - beginning with a letter or digit, for example w1");
        }
    }

    private Identity identity() {
        return new Identity.OfWitness(config.name());
    }

    private Optional<Tls> open() {
        if (tls.isPresent() && !Tls.exists(tls.get())) {
            throw new CliException(WitnessCommand.STORAGE_UNFIT, file + ": there is no certificate in " + tls.get()
                    + ". `sosia witness init` makes it where the authority is; elsewhere `sosia certs issue --witness "
                    + config.name() + "` does, to be brought here. Or, on trusted ground only: `tls: off`, on all members and nodes");
        }
        try {
            return tls.isEmpty() ? Optional.empty() : Optional.of(Tls.open(tls.get(), identity()));
        } catch (IOException e) {
            throw new CliException(CliException.BAD_INPUT, file + ": " + e.getMessage(), e);
        }
    }

    /// The configuration with the witness's certificate.
    ///
    /// @throws CliException with status 3 when that is missing, 2 when it is another's
    WitnessConfig secured() {
        return open().map(own -> config.with(own.forWitness())).orElse(config);
    }

    /// How this member asks others.
    ///
    /// @throws CliException as [#secured]
    Asking asking(Duration patience) {
        return new Asking(patience, open().map(Tls::forWitness));
    }

    /// Makes the certificate where the authority is, and the authority where there is none and this is the first member. Without an
    /// authority here, a certificate has to be there.
    ///
    /// @param named   the authority's folder; looked for beside the certificate's when empty
    /// @param founder whether this is the first member
    /// @throws IOException when a folder cannot be written
    void certify(Optional<Path> named, boolean founder) throws IOException {
        if (tls.isEmpty()) {
            return;
        }
        Path folder = named.orElse(Authority.besideMember(tls.get()));
        if (!Authority.exists(folder) && (Tls.exists(tls.get()) || !founder)) {
            open();
            return;
        }
        Authority authority = Authority.exists(folder) ? Authority.open(folder) : Authority.create(folder);
        authority.issue(identity(), Authority.VALIDITY_DEFAULT, tls.get());
    }
}
