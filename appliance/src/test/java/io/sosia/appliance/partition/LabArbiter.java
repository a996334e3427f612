package io.sosia.appliance.partition;

import io.sosia.appliance.arbiter.SharedDirectoryClient;
import io.sosia.appliance.tls.Authority;
import io.sosia.appliance.tls.Tls;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.client.ClaimService;
import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.client.WitnessClient;
import io.sosia.witness.client.WitnessClientConfig;
import io.sosia.witness.identity.Identity;
import io.sosia.witness.server.WitnessConfig;
import io.sosia.witness.server.WitnessServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// The third party, and what may happen to it and to the ways that lead there.
interface LabArbiter extends AutoCloseable {

    /// Its line in a node's configuration.
    String setting(String node);

    /// It is there, after birth or a stop.
    void start() throws Exception;

    /// It is gone for everybody; what it knows stays.
    void stop() throws Exception;

    /// It forgets everything and is there again, as one that has just been made.
    void loseStorage() throws Exception;

    /// Its host refuses whatever is written to its files; or takes it again, of a process when that has ended by itself, and is started anew.
    void refuseWrites(boolean refused) throws Exception;

    /// A node's requests get lost, or the answers.
    void cut(String node, boolean requests) throws Exception;

    /// All ways between it and a node are open again.
    void heal(String node) throws Exception;

    /// Asks it, from where nothing is cut, as a node of the pair.
    ClaimService ask() throws IOException;

    @Override
    void close() throws Exception;

    private static void deleteWithin(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> files = Files.walk(folder)) {
            all = files.filter(file -> !file.equals(folder)).sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : all) {
            Files.delete(file);
        }
    }

    /// A witness of one member: a process on a host of its own.
    final class Witness implements LabArbiter {

        static final String HOST = "w";
        private static final int PORT = 7700;

        private final Network network;
        private final Path folder;
        private final Command process;
        private final WitnessConfig config;

        Witness(Network network, Path folder, Authority authority) throws IOException {
            this.network = network;
            this.folder = folder;
            NodeName name = new NodeName("w");
            authority.issue(new Identity.OfWitness(name), Authority.VALIDITY_DEFAULT, folder.resolve("tls/w"));
            Path file = folder.resolve("witness.yaml");
            Files.writeString(file, "name: w\nlisten: " + network.address(HOST) + ":" + PORT + "\nstorage: witness\n");
            config = new WitnessConfig(name, network.address(HOST), PORT, folder.resolve("witness"));
            WitnessServer.init(config);
            process = new Command(network.on(HOST), folder.resolve("w.log"), "witness", "run", "--config", file.toString());
        }

        @Override
        public String setting(String node) {
            return "witness: [\"" + network.address(HOST) + ":" + PORT + "\"]";
        }

        @Override
        public void start() throws IOException {
            process.start();
        }

        @Override
        public void stop() throws InterruptedException {
            process.kill();
        }

        @Override
        public void loseStorage() throws Exception {
            process.kill();
            deleteWithin(config.storage());
            WitnessServer.init(config);
            process.start();
        }

        @Override
        public void refuseWrites(boolean refused) throws Exception {
            if (refused) {
                process.refuseWrites(true);
            } else {
                // A log that could not be written ends the witness: who watches over it is to start it again.
                process.awaitEnd();
            }
        }

        @Override
        public void cut(String node, boolean requests) throws Exception {
            network.cut(requests ? node : HOST, requests ? HOST : node);
        }

        @Override
        public void heal(String node) throws Exception {
            network.heal(node, HOST);
            network.heal(HOST, node);
        }

        @Override
        public ClaimService ask() throws IOException {
            return WitnessClient.open(new WitnessClientConfig(List.of(new WitnessAddress(network.address(HOST), PORT)),
                    Optional.of(Tls.open(folder.resolve("tls/a")).forWitness())));
        }

        @Override
        public void close() throws InterruptedException {
            process.close();
        }
    }

    /// A shared directory, which each node sees through a symbolic link of its own: what is cut from it finds the link lead
    /// nowhere, as if it had never been mounted. A file server's requests cannot be lost without its answers.
    final class Directory implements LabArbiter {

        private final Path folder;
        private final Path shared;
        private final Set<String> cut = new HashSet<>();
        private boolean there;

        Directory(Path folder) throws IOException, InterruptedException {
            this.folder = folder;
            this.shared = Files.createDirectory(folder.resolve("shared"));
            Network.run("mount", "-t", "tmpfs", "shared", shared.toString());
        }

        private Path seenBy(String node) {
            return folder.resolve("shared-of-" + node);
        }

        @Override
        public String setting(String node) {
            return "arbiter: shared-directory\nsharedDirectory: " + seenBy(node).getFileName();
        }

        @Override
        public void start() throws IOException {
            there = true;
            link();
        }

        @Override
        public void stop() throws IOException {
            there = false;
            link();
        }

        @Override
        public void loseStorage() throws IOException {
            deleteWithin(shared);
            // What an operator does who puts another directory in its place.
            Files.createFile(shared.resolve("sosia-arbiter"));
        }

        @Override
        public void refuseWrites(boolean refused) throws Exception {
            Network.run("mount", "-o", "remount,bind," + (refused ? "ro" : "rw"), shared.toString());
        }

        @Override
        public void cut(String node, boolean requests) throws IOException {
            cut.add(node);
            link();
        }

        @Override
        public void heal(String node) throws IOException {
            cut.remove(node);
            link();
        }

        private void link() throws IOException {
            for (String node : Lab.NODES) {
                boolean leads = there && !cut.contains(node);
                Path fresh = folder.resolve("link");
                Files.createSymbolicLink(fresh, leads ? shared : folder.resolve("nowhere"));
                Files.move(fresh, seenBy(node), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
        }

        @Override
        public ClaimService ask() {
            return SharedDirectoryClient.open(shared);
        }

        @Override
        public void close() throws Exception {
            Network.run("umount", shared.toString());
        }
    }
}
