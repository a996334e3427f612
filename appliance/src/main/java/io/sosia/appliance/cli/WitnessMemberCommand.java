package io.sosia.appliance.cli;

import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.client.WitnessMembership;
import io.sosia.witness.client.WitnessMembership.Member;
import io.sosia.witness.client.WitnessMembership.View;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `sosia witness member`: changes who the members of the witness are.
@Command(
        name = "member",
        description = {
            "Changes the members of the witness, one at a time, while pairs go on claiming.",
            "One member survives nothing, three survive the loss of one."
        },
        mixinStandardHelpOptions = true,
        subcommands = {WitnessMemberCommand.Add.class, WitnessMemberCommand.Remove.class})
final class WitnessMemberCommand implements Runnable {
    /// A new member is first sent all the others know, a few megabytes at most.
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which command? There are: add, remove");
    }

    /// `sosia witness member add`.
    @Command(
            name = "add",
            description = "Adds a member that was made by `sosia witness init --join` and runs.",
            mixinStandardHelpOptions = true,
            footerHeading = "%nFrom one member to three, or in place of one that was lost:%n",
            footer = {
                "  w2# sosia witness init --join --config witness.yaml",
                "  w2# sosia witness run --config witness.yaml",
                "  w1# sosia witness member add w2.example.org:7700 --config witness.yaml",
                "  Then name the new one under `witness` in the pairs' configurations.",
                "%nExit status: 1 when it was not added, or it is not known whether it was (see witness status)."
            })
    static final class Add implements Callable<Integer> {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec;

        @Option(names = "--config", required = true, paramLabel = "FILE",
                description = "The configuration of a member there is already.")
        private Path file;

        @Parameters(paramLabel = "HOST:PORT", description = "Where the other members find the new one.")
        private String joining;

        @Override
        public Integer call() {
            WitnessFile said = WitnessFile.read(file);
            WitnessAddress through = WitnessStatusCommand.addressOf(said.config());
            WitnessAddress address = WitnessAddress.of(ControlAddress.parse(joining));
            Diagnostics.gather();
            try {
                print(WitnessMembership.add(through, address, said.asking(PATIENCE)), spec.commandLine().getOut());
            } catch (IOException failure) {
                throw new CliException(CliException.FAILED, address + " was not added, as far as is known: "
                        + failure.getMessage(), failure);
            }
            return 0;
        }
    }

    /// `sosia witness member remove`.
    @Command(
            name = "remove",
            description = {
                "Removes a member, dead or alive. Its process ends by itself; its storage is of no use any more:",
                "it comes back by `sosia witness init --join` in an empty one."
            },
            mixinStandardHelpOptions = true,
            footer = "%nExit status: 1 when it was not removed, or it is not known whether it was (see witness status).")
    static final class Remove implements Callable<Integer> {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec;

        @Option(names = "--config", required = true, paramLabel = "FILE",
                description = "The configuration of a member that stays.")
        private Path file;

        @Parameters(paramLabel = "MEMBER", description = "Its id as `sosia witness status` tells it, or its name.")
        private String member;

        @Override
        public Integer call() {
            WitnessFile said = WitnessFile.read(file);
            WitnessAddress through = WitnessStatusCommand.addressOf(said.config());
            Diagnostics.gather();
            try {
                print(WitnessMembership.remove(through, member, said.asking(PATIENCE)), spec.commandLine().getOut());
            } catch (IOException failure) {
                throw new CliException(CliException.FAILED, member + " was not removed, as far as is known: "
                        + failure.getMessage(), failure);
            }
            return 0;
        }
    }

    private static void print(View view, PrintWriter out) {
        out.println("members now: " + view.members().size());
        for (Member member : view.members()) {
            out.printf("%-24s %s%n", member.id(), member.address());
        }
        out.flush();
    }
}
