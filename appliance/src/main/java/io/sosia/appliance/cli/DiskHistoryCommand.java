package io.sosia.appliance.cli;

import io.sosia.appliance.control.ControlClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `sosia disk history`.
@Command(
        name = "history",
        description = "Lists what has happened to a node's disk, each with its reason: splits, resyncs, joins, repairs.",
        mixinStandardHelpOptions = true)
final class DiskHistoryCommand implements Callable<Integer> {

    @Mixin
    private NodeOption node;

    @Option(names = "--json", description = "Prints the node's answer as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        return node.show(json, ControlClient::diskHistoryJson, client -> {
            for (ControlClient.HistoryLine line : client.diskHistory()) {
                System.out.printf("%s  %s%n", line.at(), line.text());
            }
        });
    }
}
