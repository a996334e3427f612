package io.sosia.appliance.bench;

import java.io.IOException;
import java.util.List;

/// QEMU as a peer: `qemu-system-riscv64` of the host.
///
/// @param name    in results
/// @param options what tells this way of running it from the others
record Qemu(String name, List<String> options) {

    static final String PROGRAM = "qemu-system-riscv64";

    /// As fast as it can: not deterministic.
    static final Qemu PLAIN = new Qemu("qemu-plain", List.of());
    /// Counts instructions: the only open peer that can be made deterministic.
    static final Qemu ICOUNT = new Qemu("qemu-icount", List.of("-icount", "shift=0"));

    /// Whether QEMU is installed.
    static boolean installed() {
        try {
            Process process = new ProcessBuilder(PROGRAM, "--version").redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            return process.waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /// Without what our launcher has set for this process alone; where it starts another one, it does so again.
    static ProcessBuilder untuned(ProcessBuilder process) {
        process.environment().remove("GLIBC_TUNABLES");
        return process;
    }
}
