package io.sosia.appliance.cli;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.node.NodeConfig;
import java.net.InetSocketAddress;
import java.nio.file.Path;

/// Where a node's control API listens, as an operator names it.
final class ControlAddress {

    private ControlAddress() {}

    /// By the node's configuration.
    ///
    /// @throws CliException (bad input) when that cannot be used
    static InetSocketAddress of(Path file) {
        return config(file).control();
    }

    /// The node's configuration.
    ///
    /// @throws CliException (bad input) when it cannot be used
    static NodeConfig config(Path file) {
        try {
            return NodeConfig.read(file);
        } catch (ConfigException e) {
            throw new CliException(CliException.BAD_INPUT, e.getMessage(), e);
        }
    }

    /// From `HOST:PORT`.
    ///
    /// @throws CliException (bad input) when it is none
    static InetSocketAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        try {
            if (colon > 0) {
                return InetSocketAddress.createUnresolved(text.substring(0, colon),
                        Integer.parseInt(text.substring(colon + 1)));
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw new CliException(CliException.BAD_INPUT, "--control " + text + ": expected HOST:PORT");
    }
}
