package io.sosia.appliance.node;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.tls.Authority;
import io.sosia.appliance.tls.Tls;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.identity.Identity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/// The certificates of a pair at its birth: issued where the authority is; elsewhere those that were brought here say which pair it is.
/// Without a witness, whose `init` makes the authority, the pair's own birth does.
final class PairCertificates {

    private final PairId pairId;
    private final List<NodeConfig> configs;
    private final Optional<Path> authority;
    private final boolean founds;

    private PairCertificates(PairId pairId, List<NodeConfig> configs, Optional<Path> authority, boolean founds) {
        this.pairId = pairId;
        this.configs = configs;
        this.authority = authority;
        this.founds = founds;
    }

    /// @param configs   at least one
    /// @param authority its folder; looked for beside the certificates when nobody says where
    /// @param known     the pair's id, if it has one already
    /// @throws ConfigException when there is no authority here, and no certificate that fits
    static PairCertificates of(List<NodeConfig> configs, Optional<Path> authority, Optional<PairId> known) throws ConfigException {
        PairId fresh = known.orElseGet(() -> new PairId(UUID.randomUUID()));
        for (NodeConfig config : configs) {
            if (config.tls().isPresent() != configs.getFirst().tls().isPresent()) {
                throw new ConfigException(config.file() + ": tls is off for one of the two nodes only");
            }
        }
        if (configs.getFirst().tls().isEmpty()) {
            return new PairCertificates(fresh, configs, Optional.empty(), false);
        }
        Path folder = authority.orElse(Authority.besideMember(configs.getFirst().tls().get()));
        if (authority.isPresent() || Authority.exists(folder)) {
            PairId pairId = known.isPresent() ? fresh : pairBegun(configs).orElse(fresh);
            return new PairCertificates(pairId, configs, Optional.of(folder), false);
        }
        boolean founds = known.isEmpty() && configs.getFirst().sharedDirectory().isPresent()
                && configs.stream().noneMatch(config -> Tls.exists(config.tls().get()));
        if (founds) {
            return new PairCertificates(fresh, configs, Optional.of(folder), true);
        }
        Optional<PairId> named = known;
        for (NodeConfig config : configs) {
            PairId pair = pairInPlace(config);
            if (named.isPresent() && !named.get().equals(pair)) {
                throw new ConfigException(config.file() + ": the certificate in " + config.tls().get() + " is of pair " + pair
                        + ", expected " + named.get());
            }
            named = Optional.of(pair);
        }
        return new PairCertificates(named.orElseThrow(), configs, Optional.empty(), false);
    }

    /// The pair whose certificates an attempt that failed later has made, or the authority for it.
    private static Optional<PairId> pairBegun(List<NodeConfig> configs) throws ConfigException {
        for (NodeConfig config : configs) {
            if (Tls.exists(config.tls().orElseThrow())) {
                return Optional.of(pairInPlace(config));
            }
        }
        return Optional.empty();
    }

    private static PairId pairInPlace(NodeConfig config) throws ConfigException {
        Path folder = config.tls().orElseThrow();
        if (!Tls.exists(folder)) {
            throw new ConfigException(config.file() + ": there is no certificate in " + folder + ", and no authority in "
                    + Authority.besideMember(folder) + " to issue one. Where the authority is: sosia certs issue --node "
                    + config.node() + " --to DIR; bring DIR here as " + folder
                    + ". Or name the authority: --authority DIR. Or, on trusted ground only, say `tls: off` on all nodes and witnesses");
        }
        try {
            Identity identity = Tls.open(folder).identity();
            if (identity instanceof Identity.OfNode(PairId pair, var node) && node.equals(config.node())) {
                return pair;
            }
            throw new ConfigException(config.file() + ": the certificate in " + folder + " names " + identity + ", expected node "
                    + config.node() + " of a pair");
        } catch (IOException e) {
            throw new ConfigException(config.file() + ": " + e.getMessage());
        }
    }

    PairId pairId() {
        return pairId;
    }

    /// Makes them, where that is to be done here.
    void issue(Consumer<String> done) throws IOException {
        if (authority.isEmpty()) {
            return;
        }
        Authority by = founds && !Authority.exists(authority.get()) ? Authority.create(authority.get()) : Authority.open(authority.get());
        for (NodeConfig config : configs) {
            Path folder = config.tls().orElseThrow();
            by.issue(identity(config, pairId), Authority.VALIDITY_DEFAULT, folder);
            done.accept("node " + config.node() + " has its certificate in " + folder);
        }
    }

    /// A node's own certificate; empty when nothing is encrypted.
    ///
    /// @throws ConfigException when it is missing or another's
    static Optional<Tls> open(NodeConfig config, PairId pairId) throws ConfigException {
        if (config.tls().isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Tls.open(config.tls().get(), identity(config, pairId)));
        } catch (IOException e) {
            throw new ConfigException(config.file() + ": " + e.getMessage());
        }
    }

    private static Identity identity(NodeConfig config, PairId pairId) {
        return new Identity.OfNode(pairId, config.node());
    }
}
