package io.sosia.appliance.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sosia.appliance.attach.FrameLoss;
import io.sosia.appliance.attach.FrameSwitch;
import io.sosia.appliance.attach.MacAddress;
import io.sosia.appliance.attach.Passt;
import io.sosia.appliance.attach.PortForward;
import io.sosia.appliance.attach.StreamAddress;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/// `sosia network`: the segment that the two nodes of a pair share, without any privilege.
@Command(
        name = "network",
        description = "The user-mode network that both nodes of a pair are plugged into.",
        mixinStandardHelpOptions = true,
        subcommands = NetworkCommand.Run.class)
public final class NetworkCommand implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "which command? There is: run");
    }

    /// `sosia network run`.
    @Command(
            name = "run",
            description = {
                "Runs a small Ethernet switch and behind it passt, the way out, until it is terminated.",
                "Both appliances connect to the switch; either may die and come back while clients of the published "
                        + "ports stay connected.",
                "The guest is 10.0.2.15/24, the gateway (this host) 10.0.2.2, the name server 10.0.2.3."
            },
            mixinStandardHelpOptions = true,
            sortOptions = false,
            footerHeading = "%nWhen all is ready, one line of JSON on standard output says where:%n",
            footer = {
                "  {\"ready\":true,\"listen\":\"unix:/run/sosia/lan\",\"publish\":[{\"address\":\"127.0.0.1\","
                        + "\"hostPort\":40123,\"guestPort\":6379}],...}",
                "%nExample: the guest's Redis on a free local port, its web server on port 8080 of all addresses",
                "  sosia network run --listen unix:/run/sosia/lan --publish 0:6379 0.0.0.0:8080:80",
                "%nExit status: 1 when a port is busy, passt is missing or ends; 2 on bad usage."
            })
    static final class Run implements Callable<Integer> {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec;

        @Option(
                names = "--listen",
                required = true,
                paramLabel = "ADDRESS",
                converter = StreamAddressConverter.class,
                description = "Where appliances connect: unix:PATH or tcp:HOST:PORT (port 0: a free one). "
                        + "Whoever can connect is on the network: keep it on trusted ground.")
        private StreamAddress listen;

        @Option(
                names = "--publish",
                arity = "1..*",
                paramLabel = "[ADDR:]HOST:GUEST",
                converter = PortForwardConverter.class,
                description = "Makes the guest's TCP port GUEST answer on port HOST of this host (0: a free one), "
                        + "on 127.0.0.1 or the address given.")
        private List<PortForward> publish = new ArrayList<>();

        @Option(
                names = "--mac",
                paramLabel = "MAC",
                converter = MacAddressConverter.class,
                description = "The guest's MAC address: limits --drop to its frames (else: all frames).")
        private MacAddress mac;

        @Option(
                names = "--drop",
                paramLabel = "PERCENT",
                defaultValue = "0",
                converter = PercentConverter.class,
                description = "Loses this share of frames on purpose, both ways, to try how the guest copes: 5%%, 0.5.")
        private double dropPercent;

        @Option(
                names = "--seed",
                paramLabel = "N",
                defaultValue = "1",
                description = "Which frames --drop loses: same seed, same frames (default: ${DEFAULT-VALUE}).")
        private long seed;

        @Option(
                names = "--passt-socket",
                paramLabel = "PATH",
                description = "Uses a passt that already runs and listens there, instead of starting one. "
                        + "It has its own ports: --publish is not possible then.")
        private Path passtSocket;

        @Override
        public Integer call() throws Exception {
            if (passtSocket != null && !publish.isEmpty()) {
                throw new CommandLine.ParameterException(
                        spec.commandLine(),
                        "--publish and --passt-socket exclude each other: a passt that runs already has its own ports");
            }
            CompletableFuture<String> wayOutEnded = new CompletableFuture<>();
            Network network = open(wayOutEnded);
            Thread stop = Thread.ofPlatform().name("sosia-network-stop").unstarted(network::close);
            Runtime.getRuntime().addShutdownHook(stop);
            spec.commandLine().getOut().println(readyLine(network));
            spec.commandLine().getOut().flush();
            try {
                String reason = wayOutEnded.get();
                throw new CliException(CliException.FAILED, "passt ended (" + reason
                        + "): connections of clients are lost; start again");
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            } finally {
                if (Runtime.getRuntime().removeShutdownHook(stop)) {
                    network.close();
                }
            }
        }

        private Network open(CompletableFuture<String> wayOutEnded) throws IOException {
            FrameLoss loss = new FrameLoss(dropPercent, seed, Optional.ofNullable(mac));
            FrameSwitch lan = FrameSwitch.start(listen, loss);
            try {
                if (passtSocket != null) {
                    lan.attach(connect(passtSocket), "passt", wayOutEnded::complete);
                    return new Network(lan, Optional.empty());
                }
                Passt passt = Passt.start(publish);
                lan.attach(passt.channel(), "passt", wayOutEnded::complete);
                return new Network(lan, Optional.of(passt));
            } catch (IOException e) {
                lan.close();
                throw e;
            }
        }

        private static SocketChannel connect(Path socket) throws IOException {
            StreamAddress address = new StreamAddress.Unix(socket);
            SocketChannel channel = SocketChannel.open(address.family());
            try {
                channel.connect(address.resolve());
                return channel;
            } catch (IOException e) {
                channel.close();
                throw new IOException("no passt listens on " + socket + " (" + e.getMessage()
                        + "); leave --passt-socket out to start one", e);
            }
        }

        private String readyLine(Network network) throws JsonProcessingException {
            ObjectMapper mapper = new ObjectMapper();
            ObjectNode ready = mapper.createObjectNode();
            ready.put("ready", true);
            ready.put("listen", network.lan.listening().toString());
            ArrayNode ports = ready.putArray("publish");
            for (PortForward forward : network.passt.map(Passt::forwards).orElse(List.of())) {
                ObjectNode port = ports.addObject();
                port.put("address", forward.hostAddress().toString());
                port.put("hostPort", forward.hostPort());
                port.put("guestPort", forward.guestPort());
            }
            ready.put("dropPercent", dropPercent);
            ready.put("seed", seed);
            ready.put("pid", ProcessHandle.current().pid());
            return mapper.writeValueAsString(ready);
        }
    }

    /// What runs: the switch, and passt when it is ours.
    private record Network(FrameSwitch lan, Optional<Passt> passt) {
        void close() {
            lan.close();
            passt.ifPresent(Passt::close);
        }
    }

    /// Turns a bad value into picocli's usage error (exit status 2).
    interface Converter<T> extends ITypeConverter<T> {
        T parse(String text);

        @Override
        default T convert(String text) {
            try {
                return parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    static final class StreamAddressConverter implements Converter<StreamAddress> {
        @Override
        public StreamAddress parse(String text) {
            return StreamAddress.parse(text);
        }
    }

    static final class PortForwardConverter implements Converter<PortForward> {
        @Override
        public PortForward parse(String text) {
            return PortForward.parse(text);
        }
    }

    static final class MacAddressConverter implements Converter<MacAddress> {
        @Override
        public MacAddress parse(String text) {
            return MacAddress.parse(text);
        }
    }

    static final class PercentConverter implements Converter<Double> {
        @Override
        public Double parse(String text) {
            double percent;
            try {
                percent = Double.parseDouble(text.endsWith("%") ? text.substring(0, text.length() - 1) : text);
            } catch (NumberFormatException _) {
                percent = Double.NaN;
            }
            if (!(percent >= 0 && percent <= 100)) {
                throw new IllegalArgumentException("'" + text + "' is not a share from 0% to 100%");
            }
            return percent;
        }
    }
}
