package io.sosia.appliance.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.client.WitnessMembership;
import io.sosia.witness.client.WitnessMembership.Member;
import io.sosia.witness.client.WitnessMembership.View;
import io.sosia.witness.server.WitnessConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `sosia witness status`: one line for each member, asked one by one.
@Command(
        name = "status",
        description = {
            "Asks a member of the witness who the members are, and then each of them how it is.",
            "A witness decides while more than half of its members answer."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExit status:%n",
        footer = {
            "  0 when somebody leads, 1 when nobody does or the member asked does not answer,",
            "  2 on a bad configuration."
        })
final class WitnessStatusCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(names = "--config", required = true, paramLabel = "FILE",
            description = "The configuration of the member asked first, see configs/witness.yaml.")
    private Path file;

    @Option(names = "--json", description = "One JSON object, with all there is.")
    private boolean json;

    /// A member and what it says of itself.
    ///
    /// @param role as in [View#role], or `unreachable`
    private record Line(Member member, String role) {}

    @Override
    public Integer call() {
        WitnessAddress first = addressOf(WitnessCommand.configuration(file));
        Diagnostics.gather();
        View view;
        try {
            view = WitnessMembership.ask(first, PATIENCE);
        } catch (IOException silent) {
            throw new CliException(CliException.FAILED, "no witness answers at " + first + ": " + silent.getMessage()
                    + "; is `sosia witness run` running?", silent);
        }
        List<Line> lines = view.members().isEmpty()
                ? List.of(new Line(view.self(), view.role()))
                : view.members().stream()
                        .parallel()
                        .map(member -> member.id().equals(view.self().id())
                                ? new Line(member, view.role())
                                : new Line(member, roleOf(member)))
                        .toList();
        boolean led = lines.stream().anyMatch(line -> line.role().equals("leader"));
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(json(lines, led));
        } else {
            print(lines, led, out);
        }
        out.flush();
        return led ? 0 : CliException.FAILED;
    }

    /// Where the member of this configuration is found on its own host.
    static WitnessAddress addressOf(WitnessConfig config) {
        return new WitnessAddress(config.host().equals("0.0.0.0") ? "127.0.0.1" : config.host(), config.port());
    }

    private static String roleOf(Member member) {
        int colon = member.address().lastIndexOf(':');
        try {
            WitnessAddress address = new WitnessAddress(
                    member.address().substring(0, colon), Integer.parseInt(member.address().substring(colon + 1)));
            View view = WitnessMembership.ask(address, PATIENCE);
            return view.self().id().equals(member.id()) ? view.role() : "replaced by " + view.self().id();
        } catch (IOException | IllegalArgumentException silent) {
            return "unreachable";
        }
    }

    private static void print(List<Line> lines, boolean led, PrintWriter out) {
        for (Line line : lines) {
            out.printf("%-24s %-24s %s%n", line.member().id(), line.member().address(), line.role());
        }
        if (lines.size() == 1 && lines.getFirst().role().equals("joining")) {
            out.println("waits to be added: sosia witness member add, at a member");
        } else if (!led) {
            out.println("nobody leads: no claim is answered until more than half of the members are back");
        }
    }

    private static String json(List<Line> lines, boolean led) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("led", led);
        all.put("members", lines.stream()
                .map(line -> {
                    Map<String, Object> member = new LinkedHashMap<>();
                    member.put("id", line.member().id());
                    member.put("address", line.member().address());
                    member.put("role", line.role());
                    return member;
                })
                .toList());
        try {
            return new JsonMapper().writeValueAsString(all);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("strings and lists have no JSON", impossible);
        }
    }
}
