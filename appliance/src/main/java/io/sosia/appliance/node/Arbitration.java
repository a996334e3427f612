package io.sosia.appliance.node;

import io.sosia.appliance.arbiter.SharedDirectoryClient;
import io.sosia.appliance.tls.Tls;
import io.sosia.witness.client.ClaimService;
import io.sosia.witness.client.WitnessClient;
import io.sosia.witness.client.WitnessClientConfig;
import java.io.IOException;
import java.util.Optional;

/// The arbiter a configuration names: a witness, or a directory on storage that both nodes reach.
final class Arbitration {

    private Arbitration() {}

    /// Begins to ask it; does not wait for it.
    ///
    /// @param tls this node's certificate, for a witness; empty when nothing is encrypted
    static ClaimService open(NodeConfig config, Optional<Tls> tls) {
        return config.sharedDirectory().isPresent()
                ? SharedDirectoryClient.open(config.sharedDirectory().get())
                : WitnessClient.open(new WitnessClientConfig(config.witness(), tls.map(Tls::forWitness)));
    }

    /// It does not answer, and what an operator can do about it.
    static IOException silent(NodeConfig config, String why) {
        return new IOException(config.sharedDirectory().isPresent()
                ? "the shared directory cannot be used (" + why + "); make it, or mount it, and try again"
                : "the witness does not answer (" + why + "); start it with `sosia witness run` and try again; does it have "
                        + "its certificate of the same authority?");
    }

    /// It does not answer an operator's order, and what can be done should it be lost for good.
    static IOException lost(NodeConfig config, String why) {
        return new IOException(config.sharedDirectory().isPresent()
                ? "the shared directory cannot be used (" + why + "): no order counts without it. Mount it again; if it is lost, make a new one "
                        + "with an empty file `sosia-arbiter` in it, then `sosia pair reinit`"
                : "the witness does not answer (" + why + "): no order counts without it. Start it again; if its storage is lost, make a "
                        + "new one with `sosia witness init` and `run`, then `sosia pair reinit`");
    }
}
