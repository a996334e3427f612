package io.sosia.appliance.partition;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/// Hosts around this process: each is a network namespace with a cable to ours, which routes between them and reaches all of
/// them whatever is cut. This process has to be root of a network namespace of its own (`unshare -Urn`).
///
/// A cut drops packets of one direction on their way, as `ip rule ... blackhole` does: nobody is told, connections stay.
final class Network implements AutoCloseable {

    private record Host(String address, Process holder) {}

    /// One direction between two hosts.
    private record Way(String from, String to) {}

    private final Map<String, Host> hosts = new LinkedHashMap<>();
    private final Set<Way> cuts = new LinkedHashSet<>();

    /// Hosts with these names.
    Network(List<String> names) throws IOException, InterruptedException {
        run("ip", "link", "set", "lo", "up");
        Files.writeString(Path.of("/proc/sys/net/ipv4/ip_forward"), "1");
        for (String name : names) {
            addHost(name, hosts.size() + 1);
        }
    }

    private void addHost(String name, int number) throws IOException, InterruptedException {
        Process holder = new ProcessBuilder("unshare", "-n", "sh", "-c", "echo there; exec cat")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        BufferedReader said = holder.inputReader();
        if (!"there".equals(said.readLine())) {
            throw new IOException("no network namespace can be made for host " + name);
        }
        String ours = "10.77." + number + ".1";
        String theirs = "10.77." + number + ".2";
        hosts.put(name, new Host(theirs, holder));
        String cable = "to-" + name;
        run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", Long.toString(holder.pid()));
        run("ip", "address", "add", ours + "/24", "dev", cable);
        run("ip", "link", "set", cable, "up");
        onHost(name, "ip", "link", "set", "lo", "up");
        onHost(name, "ip", "address", "add", theirs + "/24", "dev", "eth0");
        onHost(name, "ip", "link", "set", "eth0", "up");
        onHost(name, "ip", "route", "add", "default", "via", ours);
    }

    private void onHost(String name, String... command) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(on(name));
        all.addAll(List.of(command));
        run(all.toArray(String[]::new));
    }

    /// What a command line begins with that is to run on a host.
    List<String> on(String name) {
        return List.of("nsenter", "-t", Long.toString(hosts.get(name).holder().pid()), "-n", "--");
    }

    /// A host's address.
    String address(String name) {
        return hosts.get(name).address();
    }

    /// Nothing passes this way any more. The other direction is another cut.
    void cut(String from, String to) throws IOException, InterruptedException {
        if (cuts.add(new Way(from, to))) {
            rule("add", from, to);
        }
    }

    /// Ends a cut; does nothing when there is none.
    void heal(String from, String to) throws IOException, InterruptedException {
        if (cuts.remove(new Way(from, to))) {
            rule("del", from, to);
        }
    }

    private void rule(String what, String from, String to) throws IOException, InterruptedException {
        run("ip", "rule", what, "from", address(from), "to", address(to), "blackhole");
    }

    /// Runs a command here, which has to succeed.
    static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " fails: " + said.strip());
        }
        return said;
    }

    /// The namespaces go with the last process in them.
    @Override
    public void close() throws IOException, InterruptedException {
        for (Host host : hosts.values()) {
            host.holder().destroyForcibly().waitFor(120, TimeUnit.SECONDS);
        }
    }
}
