package io.sosia.appliance.bench;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.Expected;
import io.sosia.witness.claim.Incarnation;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.PairState;
import io.sosia.witness.client.WitnessAnswer;
import io.sosia.witness.client.WitnessClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/// Nodes of many pairs, as a witness sees them: warm clients that register pairs and claim.
///
/// A claim is the cold boot of a pair's owner, which raises the pair's epoch by one. The pairs take turns, so that none has two claims
/// under way. Threads: its owner's; answers come on others.
final class ClaimLoad implements AutoCloseable {

    private static final int CLIENTS = 4;
    /// Questions of one client under way; fewer than it allows, for its signs of life.
    private static final int WINDOW = 48;
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final NodeName OWNER = new NodeName("a");
    private static final Members MEMBERS = Members.of(OWNER, new NodeName("b"));

    private final List<WitnessClient> clients = new ArrayList<>();
    private final long[] epochs;
    private int next;

    /// @param opened makes a client of the witness
    /// @param pairs  how many there are to be
    ClaimLoad(Supplier<WitnessClient> opened, int pairs) {
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(opened.get());
        }
        epochs = new long[pairs];
    }

    private static PairId pair(int number) {
        return new PairId(new UUID(0, number + 1));
    }

    /// Registers all pairs, many at a time.
    ///
    /// @return how long it took, in seconds
    /// @throws BenchException when one is not granted
    double register() throws BenchException {
        long begun = System.nanoTime();
        List<Semaphore> windows = windows();
        List<CompletableFuture<WitnessAnswer<ClaimResult>>> births = new ArrayList<>();
        for (int number = 0; number < epochs.length; number++) {
            Semaphore window = windows.get(number % CLIENTS);
            window.acquireUninterruptibly();
            births.add(clients.get(number % CLIENTS)
                    .submit(new ClaimCommand.Initialise(pair(number), MEMBERS, OWNER, nonce()), DEADLINE));
            births.getLast().thenRun(window::release);
        }
        for (CompletableFuture<WitnessAnswer<ClaimResult>> birth : births) {
            checkGranted(birth);
        }
        Arrays.fill(epochs, 1);
        return (System.nanoTime() - begun) / 1e9;
    }

    private List<Semaphore> windows() {
        return clients.stream().map(_ -> new Semaphore(WINDOW)).toList();
    }

    /// Claims at a steady rate, whether or not earlier claims have been answered (open loop), as long as the clients may ask more.
    ///
    /// @return how long each took from the moment it was due until it was granted, in milliseconds, sorted
    /// @throws BenchException when one is not granted
    double[] claim(int perSecond, int count) throws BenchException {
        long begun = System.nanoTime();
        List<Semaphore> windows = windows();
        List<CompletableFuture<Double>> latencies = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long due = begun + i * 1_000_000_000L / perSecond;
            for (long now = System.nanoTime(); now < due; now = System.nanoTime()) {
                LockSupport.parkNanos(due - now);
            }
            Semaphore window = windows.get(i % CLIENTS);
            window.acquireUninterruptibly();
            latencies.add(claim(clients.get(i % CLIENTS), due));
            latencies.getLast().whenComplete((_, _) -> window.release());
        }
        return sorted(latencies);
    }

    /// Every client claims once, all at the same time.
    ///
    /// @param since the `System.nanoTime` from which it is measured
    /// @return how long it took until each was granted, in milliseconds, sorted
    /// @throws BenchException when one is not granted
    double[] claimOnceEach(long since) throws BenchException {
        List<CompletableFuture<Double>> latencies = new ArrayList<>();
        for (WitnessClient client : clients) {
            latencies.add(claim(client, since));
        }
        return sorted(latencies);
    }

    private CompletableFuture<Double> claim(WitnessClient client, long since) {
        int number = next;
        next = (next + 1) % epochs.length;
        long epoch = epochs[number]++;
        ClaimCommand claim = new ClaimCommand.ColdBoot(
                pair(number), new Expected(epoch, PairState.SOLO), OWNER, new Incarnation(UUID.randomUUID()), nonce());
        CompletableFuture<Double> latency = new CompletableFuture<>();
        CompletableFuture<WitnessAnswer<ClaimResult>> answer = client.submit(claim, DEADLINE);
        answer.thenRun(() -> {
            double millis = (System.nanoTime() - since) / 1e6;
            try {
                checkGranted(answer);
                latency.complete(millis);
            } catch (BenchException e) {
                latency.completeExceptionally(e);
            }
        });
        return latency;
    }

    private static void checkGranted(CompletableFuture<WitnessAnswer<ClaimResult>> asked) throws BenchException {
        WitnessAnswer<ClaimResult> answer = asked.join();
        if (!(answer instanceof WitnessAnswer.Answered<ClaimResult>(ClaimResult.Granted _))) {
            throw new BenchException("a claim was not granted: " + answer);
        }
    }

    private static double[] sorted(List<CompletableFuture<Double>> latencies) throws BenchException {
        double[] millis = new double[latencies.size()];
        for (int i = 0; i < millis.length; i++) {
            try {
                millis[i] = latencies.get(i).get();
            } catch (ExecutionException e) {
                throw new BenchException(e.getCause().getMessage(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new BenchException("interrupted while claims were under way", e);
            }
        }
        Arrays.sort(millis);
        return millis;
    }

    private static Nonce nonce() {
        return new Nonce(UUID.randomUUID());
    }

    @Override
    public void close() {
        clients.forEach(WitnessClient::close);
    }
}
