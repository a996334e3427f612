package io.sosia.appliance.cli;

import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.control.ControlRefusedException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.function.ToIntFunction;
import picocli.CommandLine.Option;

/// Names the node a command is about.
final class NodeOption {

    /// What a command asks a node.
    interface Question {
        int ask(ControlClient node) throws IOException, InterruptedException;
    }

    /// What a node sends as JSON.
    interface Answer {
        byte[] of(ControlClient node) throws IOException, InterruptedException;
    }

    /// Prints what a node says, for people.
    interface Text {
        void print(ControlClient node) throws IOException, InterruptedException;
    }

    @Option(names = "--config", paramLabel = "FILE", description = "The node, by its configuration.")
    private Path file;

    @Option(names = "--control", paramLabel = "HOST:PORT", description = "The node, by its control address.")
    private String control;

    /// Whether what was asked made no sense, or the node could not do it now.
    static int badInputOrFailed(ControlRefusedException refusal) {
        return refusal.isBadRequest() ? CliException.BAD_INPUT : CliException.FAILED;
    }

    /// Shows what the node named says: as it sends it, in one line, or for people.
    ///
    /// @return 0
    /// @throws CliException as [#ask]
    int show(boolean asJson, Answer json, Text text) {
        return ask(client -> {
            if (asJson) {
                System.out.write(json.of(client));
                System.out.println();
            } else {
                text.print(client);
            }
            return 0;
        });
    }

    /// Asks the node named.
    ///
    /// @throws CliException when none or two are named, it does not answer, or it refuses (bad input)
    int ask(Question question) {
        return ask(question, _ -> CliException.BAD_INPUT);
    }

    /// The same, where a refusal's exit status depends on it.
    int ask(Question question, ToIntFunction<ControlRefusedException> statusOfRefusal) {
        if ((file == null) == (control == null)) {
            throw new CliException(CliException.BAD_INPUT, "name the node: either --config FILE or --control HOST:PORT");
        }
        InetSocketAddress address = file != null ? ControlAddress.of(file) : ControlAddress.parse(control);
        try (ControlClient client = new ControlClient(address)) {
            return question.ask(client);
        } catch (ControlRefusedException e) {
            throw new CliException(statusOfRefusal.applyAsInt(e), e.getMessage(), e);
        } catch (IOException e) {
            throw new CliException(CliException.FAILED, "no node answers at " + address.getHostString() + ":"
                    + address.getPort() + " (" + e.getMessage() + "); is `sosia appliance run` running?", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return CliException.FAILED;
        }
    }
}
