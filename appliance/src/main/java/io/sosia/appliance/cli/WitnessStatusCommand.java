package io.sosia.appliance.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sosia.witness.client.WitnessAddress;
import io.sosia.witness.client.WitnessMembership;
import io.sosia.witness.client.WitnessMembership.Asking;
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
import java.util.OptionalLong;
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
    /// @param role    as in [View#role], or `unreachable`
    /// @param refused connections and requests it has turned away; empty when it does not say
    private record Line(Member member, String role, OptionalLong refused) {
        static Line of(View view) {
            return new Line(view.self(), view.role(), view.refused());
        }
    }

    @Override
    public Integer call() {
        WitnessFile said = WitnessFile.read(file);
        WitnessAddress first = addressOf(said.config());
        Asking how = said.asking(PATIENCE);
        Diagnostics.gather();
        View view;
        try {
            view = WitnessMembership.ask(first, how);
        } catch (IOException silent) {
            throw new CliException(CliException.FAILED, "no witness answers at " + first + ": " + silent.getMessage()
                    + "; is `sosia witness run` running?", silent);
        }
        List<Line> lines = view.members().isEmpty()
                ? List.of(Line.of(view))
                : view.members().stream()
                        .parallel()
                        .map(member -> member.id().equals(view.self().id())
                                ? Line.of(view)
                                : lineOf(member, how))
                        .toList();
        boolean led = lines.stream().anyMatch(line -> line.role().equals("leader"));
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(json(lines, led, said.tls().isPresent()));
        } else {
            print(lines, led, said.tls().isPresent(), out);
        }
        out.flush();
        return led ? 0 : CliException.FAILED;
    }

    /// Where the member of this configuration is found on its own host.
    static WitnessAddress addressOf(WitnessConfig config) {
        return new WitnessAddress(config.host().equals("0.0.0.0") ? "127.0.0.1" : config.host(), config.port());
    }

    private static Line lineOf(Member member, Asking how) {
        int colon = member.address().lastIndexOf(':');
        try {
            WitnessAddress address = new WitnessAddress(
                    member.address().substring(0, colon), Integer.parseInt(member.address().substring(colon + 1)));
            View view = WitnessMembership.ask(address, how);
            return view.self().id().equals(member.id()) ? Line.of(view)
                    : new Line(member, "replaced by " + view.self().id(), OptionalLong.empty());
        } catch (IOException | IllegalArgumentException silent) {
            return new Line(member, "unreachable", OptionalLong.empty());
        }
    }

    private static void print(List<Line> lines, boolean led, boolean encrypted, PrintWriter out) {
        for (Line line : lines) {
            out.printf("%-24s %-24s %-10s %s%n", line.member().id(), line.member().address(), line.role(),
                    line.refused().isPresent() ? "refused " + line.refused().getAsLong() : "");
        }
        out.println(encrypted ? "links: TLS 1.3" : "links: NOT ENCRYPTED (tls: off): anybody on the network can claim for any pair");
        if (lines.size() == 1 && lines.getFirst().role().equals("joining")) {
            out.println("waits to be added: sosia witness member add, at a member");
        } else if (!led) {
            out.println("nobody leads: no claim is answered until more than half of the members are back");
        }
    }

    private static String json(List<Line> lines, boolean led, boolean encrypted) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("led", led);
        all.put("encrypted", encrypted);
        all.put("members", lines.stream()
                .map(line -> {
                    Map<String, Object> member = new LinkedHashMap<>();
                    member.put("id", line.member().id());
                    member.put("address", line.member().address());
                    member.put("role", line.role());
                    line.refused().ifPresent(count -> member.put("refused", count));
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
