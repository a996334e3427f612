package io.sosia.appliance.cli;

import io.sosia.appliance.attach.ConsoleInbox;
import io.sosia.appliance.attach.ConsoleTerminal;
import io.sosia.appliance.control.ConsoleFollower;
import io.sosia.appliance.control.ControlClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `sosia console`: the guest's console, whichever node runs it.
@Command(
        name = "console",
        description = {
            "Attaches this terminal to the guest's console of a pair.",
            "With both nodes named it goes on with the other one when the primary dies: nothing is shown twice or "
                    + "left out."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  sosia console --config configs/node-a.yaml --config configs/node-b.yaml",
            "  sosia console --control 127.0.0.1:7711 --control 127.0.0.1:7712",
            "%nCtrl-A x quits. Exit status: 1 when no node answers, or no primary does for 15 s."
        })
public final class ConsoleCommand implements Callable<Integer> {

    private static final Duration WAIT = Duration.ofSeconds(1);
    private static final long PATIENCE_NANOS = 15_000_000_000L;
    private static final long PAUSE_NANOS = 50_000_000;
    private static final int TYPED_BYTES = 4_096;
    private static final int TYPED_AT_ONCE = 256;

    @Option(names = "--config", paramLabel = "FILE", description = "A node's configuration; twice for both nodes.")
    private List<Path> files = new ArrayList<>();

    @Option(names = "--control", paramLabel = "HOST:PORT",
            description = "A node's control address; twice for both nodes.")
    private List<String> controls = new ArrayList<>();

    @Option(names = "--all", description = "Begin with everything the node has kept, not with the last 4 KiB.")
    private boolean all;

    private volatile boolean quit;

    @Override
    public Integer call() {
        List<ControlClient> nodes = new ArrayList<>();
        files.forEach(file -> nodes.add(new ControlClient(ControlAddress.of(file))));
        controls.forEach(control -> nodes.add(new ControlClient(ControlAddress.parse(control))));
        if (nodes.isEmpty() || nodes.size() > 2) {
            throw new CliException(CliException.BAD_INPUT,
                    "name one or both nodes: --config FILE or --control HOST:PORT");
        }
        if (nodes.stream().noneMatch(ConsoleCommand::answers)) {
            throw new CliException(CliException.FAILED, "no node answers; is `sosia appliance run` running?");
        }
        LoopWaker waker = new LoopWaker();
        ConsoleInbox typed = new ConsoleInbox(TYPED_BYTES, waker::wake);
        try (ConsoleTerminal terminal = ConsoleTerminal.open(typed, () -> quit = true)) {
            ConsoleFollower follower = new ConsoleFollower(nodes, all, terminal::write);
            waker.thread = Thread.ofPlatform().daemon().name("typing").start(() -> typing(typed, follower));
            follow(follower);
        } finally {
            nodes.forEach(ControlClient::close);
        }
        return 0;
    }

    private static final class LoopWaker {
        private volatile Thread thread;

        void wake() {
            LockSupport.unpark(thread);
        }
    }

    private static boolean answers(ControlClient node) {
        try {
            node.status();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void follow(ConsoleFollower follower) {
        long answered = System.nanoTime();
        long told = 0;
        while (!quit) {
            if (follower.pull(WAIT)) {
                answered = System.nanoTime();
            } else if (System.nanoTime() - answered > PATIENCE_NANOS) {
                throw new CliException(CliException.FAILED,
                        "no primary has answered for " + PATIENCE_NANOS / 1_000_000_000
                        + " s; `sosia status` tells why");
            } else {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            if (follower.missed() > told) {
                System.err.println("sosia: " + (follower.missed() - told)
                        + " bytes of the console were too old to be shown");
                told = follower.missed();
            }
        }
    }

    private void typing(ConsoleInbox typed, ConsoleFollower follower) {
        byte[] left = new byte[0];
        while (!quit) {
            if (left.length == 0) {
                left = typed.take(TYPED_AT_ONCE);
            }
            int before = left.length;
            if (before > 0) {
                left = follower.type(left);
            }
            if (before == 0 || left.length == before) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }
}
