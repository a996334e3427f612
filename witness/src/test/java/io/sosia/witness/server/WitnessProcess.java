package io.sosia.witness.server;

import io.sosia.witness.claim.NodeName;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A witness in a process of its own, to be killed.
public final class WitnessProcess implements AutoCloseable {
    private static final String READY = "listening on ";

    private final Process process;
    private final int port;

    private WitnessProcess(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /// The other process: `NAME STORAGE PORT [KEYS]`.
    public static void main(String[] arguments) throws IOException {
        NodeName name = new NodeName(arguments[0]);
        WitnessConfig config = new WitnessConfig(name, "127.0.0.1", Integer.parseInt(arguments[2]), Path.of(arguments[1]));
        if (arguments.length > 3) {
            config = config.with(new KeyFolder(Path.of(arguments[3])).of(name));
        }
        WitnessServer server = WitnessServer.start(config);
        System.out.println(READY + server.address().getPort());
        server.ended().join();
    }

    /// Starts one on this storage; returns when it answers.
    static WitnessProcess start(NodeName name, Path storage) throws IOException {
        return start(name, storage, 0, Optional.empty());
    }

    /// The same on a port of the caller's choice.
    ///
    /// @param keys for mutual TLS; empty to let in everybody
    static WitnessProcess start(NodeName name, Path storage, int atPort, Optional<KeyFolder> keys) throws IOException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Xmx128m",
                        "-cp",
                        classPath,
                        WitnessProcess.class.getName(),
                        name.value(),
                        storage.toString(),
                        Integer.toString(atPort)));
        keys.ifPresent(folder -> command.add(folder.path().toString()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith(READY)) {
                return new WitnessProcess(process, Integer.parseInt(line.substring(READY.length())));
            }
        }
        throw new IOException("the witness's process ended before it was ready");
    }

    int port() {
        return port;
    }

    /// SIGKILL; returns when the process is gone.
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() throws InterruptedException {
        kill();
    }
}
