package io.sosia.appliance.demo;

import io.sosia.appliance.history.Operation;
import io.sosia.appliance.history.Operation.Ask;
import io.sosia.appliance.history.Operation.CompareAndSet;
import io.sosia.appliance.history.Operation.Get;
import io.sosia.appliance.history.Operation.Increment;
import io.sosia.appliance.history.Operation.Set;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/// Clients that read and write a few numbers in the guest's Redis at the same time, each over a connection of its own, and keep what
/// they asked and were told.
///
/// The last client is impatient: it turns away from an answer that is slow in coming, and never learns whether what it asked for was
/// done. Threads: one each.
final class ConcurrentClients {

    private static final Duration PATIENCE = Duration.ofSeconds(180);
    private static final Duration IMPATIENCE = Duration.ofMillis(500);
    private static final int VALUES = 5;
    private static final String COMPARE_AND_SET = "EVAL \"if redis.call('GET', KEYS[1]) == ARGV[1] then "
            + "redis.call('SET', KEYS[1], ARGV[2]) return 1 else return 0 end\" 1 ";

    private final int port;
    private final int keys;
    private final List<List<Operation>> histories = new ArrayList<>();
    private final List<CompletableFuture<Void>> clients = new ArrayList<>();
    private volatile boolean stop;

    private ConcurrentClients(int port, int keys) {
        this.port = port;
        this.keys = keys;
        for (int key = 0; key < keys; key++) {
            histories.add(new ArrayList<>());
        }
    }

    /// Sets all keys to 0 and begins.
    static ConcurrentClients begin(int port, int clients, int keys, long seed) throws DemoException {
        ConcurrentClients all = new ConcurrentClients(port, keys);
        try (CounterClient first = CounterClient.connect(port, PATIENCE)) {
            for (int key = 0; key < keys; key++) {
                all.ask(first, new Set(0), key);
            }
        }
        for (int client = 0; client < clients; client++) {
            int number = client;
            Duration patience = client == clients - 1 ? IMPATIENCE : PATIENCE;
            CompletableFuture<Void> ended = new CompletableFuture<>();
            all.clients.add(ended);
            Thread.ofPlatform().daemon().name("client-" + client).start(() -> {
                try {
                    all.work(number, patience, new Random(seed * 31 + number));
                    ended.complete(null);
                } catch (DemoException | RuntimeException e) {
                    ended.completeExceptionally(e);
                }
            });
        }
        return all;
    }

    private void work(int client, Duration patience, Random random) throws DemoException {
        while (!stop) {
            try (CounterClient connection = connect(patience)) {
                boolean answered = true;
                while (!stop && answered) {
                    answered = once(connection, client, patience, random);
                }
            }
        }
    }

    private CounterClient connect(Duration patience) throws DemoException {
        while (true) {
            try {
                return CounterClient.connect(port, patience);
            } catch (DemoException notNow) {
                // Redis is there again when the test ends the clients.
                if (patience == PATIENCE) {
                    throw notNow;
                }
            }
        }
    }

    /// @return false when the answer did not come, and the connection is of no use any more
    private boolean once(CounterClient connection, int client, Duration patience, Random random) throws DemoException {
        int key = random.nextInt(keys);
        Ask ask = switch (random.nextInt(5)) {
            case 0, 1 -> new Get();
            case 2 -> new Set(random.nextInt(VALUES));
            case 3 -> new Increment();
            default -> new CompareAndSet(random.nextInt(VALUES), random.nextInt(VALUES));
        };
        long invoked = System.nanoTime();
        try {
            long answer = ask(connection, ask, key);
            keep(key, Operation.answered(client, ask, invoked, System.nanoTime(), answer));
            return true;
        } catch (DemoException silent) {
            keep(key, Operation.unanswered(client, ask, invoked));
            if (patience == PATIENCE) {
                // A connection survives the death of either node: it must not break.
                throw silent;
            }
            return false;
        }
    }

    private long ask(CounterClient connection, Ask ask, int key) throws DemoException {
        String name = "key" + key;
        return switch (ask) {
            case Get _ -> connection.get(name);
            case Set(long value) -> {
                String reply = connection.ask("SET " + name + " " + value);
                if (!reply.equals("+OK")) {
                    throw new IllegalStateException("Redis replied " + reply + " to SET");
                }
                yield 0;
            }
            case Increment _ -> number(connection.ask("INCR " + name));
            case CompareAndSet(long expected, long value) ->
                    number(connection.ask(COMPARE_AND_SET + name + " " + expected + " " + value));
        };
    }

    private static long number(String reply) {
        if (!reply.startsWith(":")) {
            throw new IllegalStateException("Redis replied " + reply + ", expected a number");
        }
        return Long.parseLong(reply.substring(1));
    }

    private void keep(int key, Operation operation) {
        List<Operation> history = histories.get(key);
        synchronized (history) {
            history.add(operation);
        }
    }

    /// How many answers have come so far.
    int answers() {
        int count = 0;
        for (List<Operation> history : histories) {
            synchronized (history) {
                count += (int) history.stream().filter(each -> each.answer().isPresent()).count();
            }
        }
        return count;
    }

    /// Waits for so many more answers.
    ///
    /// @throws DemoException when a connection broke that should have lasted, or they do not come
    void awaitMore(int count) throws DemoException {
        int goal = answers() + count;
        Patience.await(count + " more answers", PATIENCE, () -> {
            for (CompletableFuture<Void> client : clients) {
                if (client.isCompletedExceptionally()) {
                    throw new DemoException("a client was let down: " + client.exceptionNow().getMessage(), client.exceptionNow());
                }
            }
            return answers() >= goal;
        });
    }

    /// Ends the clients.
    ///
    /// @return what was asked of each key, 0 before
    List<List<Operation>> end() {
        stop = true;
        clients.forEach(CompletableFuture::join);
        return histories;
    }
}
