package io.sosia.appliance.cli;

import org.slf4j.bridge.SLF4JBridgeHandler;

/// Gathers what all libraries report into the one stream of diagnostics that `logback.xml` describes.
final class Diagnostics {
    private Diagnostics() {}

    /// Sends `java.util.logging`, which gRPC uses, the same way as everything else. Does nothing the second time.
    static void gather() {
        if (!SLF4JBridgeHandler.isInstalled()) {
            SLF4JBridgeHandler.removeHandlersForRootLogger();
            SLF4JBridgeHandler.install();
        }
    }
}
