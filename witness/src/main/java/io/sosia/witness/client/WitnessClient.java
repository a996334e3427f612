package io.sosia.witness.client;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.client.WitnessAnswer.Answered;
import io.sosia.witness.client.WitnessAnswer.Rejected;
import io.sosia.witness.client.WitnessAnswer.Unanswered;
import io.sosia.witness.wire.CommandCodec;
import io.sosia.witness.wire.QueryCodec;
import io.sosia.witness.wire.QueryReply;
import io.sosia.witness.wire.ResultCodec;
import io.sosia.witness.wire.WireFormatException;
import io.sosia.witness.wire.WitnessQuery;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.ratis.protocol.exceptions.StateMachineException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks the witness. Open it when the node starts and keep it: the first question through a new client takes seconds,
/// every later one milliseconds, so the client also asks by itself from time to time and thereby knows whether the
/// witness answers.
///
/// Every question has a deadline and its future always completes by then, never exceptionally. Safe for use from
/// several threads. Futures complete on threads shared with others: what hangs on them must not block.
public final class WitnessClient implements ClaimService {
    /// The most questions under way at once; more are answered `Unanswered` without being sent.
    public static final int QUESTIONS_MAX = 64;
    /// The longest deadline.
    public static final Duration DEADLINE_MAX = Duration.ofMinutes(10);

    private static final Logger LOG = LoggerFactory.getLogger(WitnessClient.class);
    private static final Duration PING_DEADLINE = Duration.ofSeconds(5);
    private static final long PAUSE_MILLIS_FIRST = 25;
    private static final long PAUSE_MILLIS_MAX = 400;
    /// Failures in a row after which the connection is thrown away, so that no backoff inside it can hold us up.
    private static final int FAILURES_MAX = 3;

    private final WitnessClientConfig config;
    private final AtomicReference<RaftConnection> connection;
    private final Semaphore questions = new Semaphore(QUESTIONS_MAX);
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread warmth;
    private volatile OptionalLong lastAnswerNanos = OptionalLong.empty();

    /// Sends one encoded question over a connection.
    private interface Send {
        byte[] over(RaftConnection connection) throws IOException;
    }

    private interface Decode<T> {
        T from(byte[] bytes) throws WireFormatException;
    }

    private WitnessClient(WitnessClientConfig config) {
        this.config = config;
        this.connection = new AtomicReference<>(new RaftConnection(config));
        this.warmth = Thread.ofPlatform().daemon().name("witness-client").unstarted(this::keepWarm);
    }

    /// A client that connects in the background; does not wait for the witness.
    public static WitnessClient open(WitnessClientConfig config) {
        WitnessClient client = new WitnessClient(config);
        client.warmth.start();
        return client;
    }

    /// Has the witness carry out a command. Within the deadline it is repeated as often as needed, which is safe
    /// because of its nonce; so is submitting it again afterwards.
    ///
    /// @param deadline more than zero, at most `DEADLINE_MAX`
    @Override
    public CompletableFuture<WitnessAnswer<ClaimResult>> submit(ClaimCommand command, Duration deadline) {
        byte[] bytes = CommandCodec.encode(command);
        return ask(over -> over.write(bytes), ResultCodec::decode, deadline);
    }

    /// What the witness holds of the pair; empty when it does not know it. The answer is no older than the question.
    ///
    /// @param deadline more than zero, at most `DEADLINE_MAX`
    @Override
    public CompletableFuture<WitnessAnswer<Optional<TableEntry>>> read(PairId pairId, Duration deadline) {
        byte[] bytes = QueryCodec.encode(new WitnessQuery.Lookup(pairId));
        return ask(over -> over.read(bytes), WitnessClient::entry, deadline);
    }

    /// The `System.nanoTime` at which the last answer came, to this client's own questions too; empty before the first.
    public OptionalLong lastAnswerNanos() {
        return lastAnswerNanos;
    }

    @Override
    public boolean answeredWithin(Duration time) {
        OptionalLong last = lastAnswerNanos;
        return last.isPresent() && System.nanoTime() - last.getAsLong() <= time.toNanos();
    }

    private static Optional<TableEntry> entry(byte[] bytes) throws WireFormatException {
        return switch (QueryCodec.decodeReply(bytes)) {
            case QueryReply.Known(TableEntry entry) -> Optional.of(entry);
            case QueryReply.Unknown _ -> Optional.empty();
            case QueryReply.Pong _, QueryReply.Refused _ ->
                    throw new WireFormatException("witness reply: not of a pair, which was asked for");
        };
    }

    private <T> CompletableFuture<WitnessAnswer<T>> ask(Send send, Decode<T> decode, Duration deadline) {
        if (deadline.isNegative() || deadline.isZero() || deadline.compareTo(DEADLINE_MAX) > 0) {
            throw new IllegalArgumentException("deadline " + deadline + ", expected up to " + DEADLINE_MAX);
        }
        if (!questions.tryAcquire()) {
            return CompletableFuture.completedFuture(
                    new Unanswered<>("not sent: " + QUESTIONS_MAX + " questions are under way, the limit"));
        }
        Attempts<T> attempts = new Attempts<>(send, decode);
        Thread asking = Thread.ofVirtual().name("witness-question").unstarted(attempts);
        CompletableFuture<WitnessAnswer<T>> answer = attempts.answer
                .orTimeout(deadline.toNanos(), TimeUnit.NANOSECONDS)
                .exceptionallyAsync(_ -> new Unanswered<>(
                        "no answer within " + deadline.toMillis() + " ms from " + config.witnesses() + ": "
                                + attempts.lastFailure));
        // Out of time: end the attempt under way too.
        attempts.answer.whenComplete((_, timeout) -> {
            if (timeout != null) {
                asking.interrupt();
            }
        });
        asking.start();
        return answer;
    }

    /// One question, asked again and again until it is answered or refused to us, its time is over or the client closes.
    private final class Attempts<T> implements Runnable {
        private final CompletableFuture<WitnessAnswer<T>> answer = new CompletableFuture<>();
        private final Send send;
        private final Decode<T> decode;
        private volatile String lastFailure = "the first attempt is still under way";

        Attempts(Send send, Decode<T> decode) {
            this.send = send;
            this.decode = decode;
        }

        @Override
        public void run() {
            try {
                answer.complete(untilAnswered());
            } catch (InterruptedException outOfTime) {
                answer.complete(new Unanswered<>(lastFailure));
            } catch (RuntimeException unexpected) {
                LOG.error("asking the witness failed", unexpected);
                answer.complete(new Unanswered<>(unexpected.toString()));
            } finally {
                questions.release();
            }
        }

        private WitnessAnswer<T> untilAnswered() throws InterruptedException {
            long pauseMillis = PAUSE_MILLIS_FIRST;
            for (int failures = 0; ; ) {
                RaftConnection over = connection.get();
                try {
                    byte[] reply = send.over(over);
                    lastAnswerNanos = OptionalLong.of(System.nanoTime());
                    return new Answered<>(decode.from(reply));
                } catch (StateMachineException unreadable) {
                    lastAnswerNanos = OptionalLong.of(System.nanoTime());
                    // An earlier attempt may have reached a member of another version that could read it.
                    return failures == 0
                            ? new Rejected<>(unreadable.getMessage())
                            : new Unanswered<>(unreadable.getMessage());
                } catch (WireFormatException unreadable) {
                    return new Unanswered<>(unreadable.getMessage());
                } catch (IOException failure) {
                    // Out of time: not every library that was interrupted says so.
                    if (answer.isDone()) {
                        throw new InterruptedException();
                    }
                    if (RaftConnection.isRefused(failure)) {
                        return new Unanswered<>(describe(failure));
                    }
                    // One that a neighbour threw away under us says nothing about the witness.
                    if (over == connection.get()) {
                        lastFailure = describe(failure);
                    }
                }
                failures++;
                if (failures % FAILURES_MAX == 0) {
                    renew(over);
                }
                if (closing.await(pauseMillis, TimeUnit.MILLISECONDS)) {
                    return new Unanswered<>("the client was closed; before that: " + lastFailure);
                }
                pauseMillis = Math.min(2 * pauseMillis, PAUSE_MILLIS_MAX);
            }
        }
    }

    private void renew(RaftConnection broken) {
        if (closing.getCount() == 0) {
            return;
        }
        RaftConnection fresh = new RaftConnection(config);
        if (connection.compareAndSet(broken, fresh)) {
            // It waits for answers that are still due; the question that is asked again does not.
            Thread.ofVirtual().name("witness-disposal").start(() -> dispose(broken));
            if (closing.getCount() == 0) {
                dispose(fresh);
            }
        } else {
            dispose(fresh);
        }
    }

    private static void dispose(RaftConnection connection) {
        try {
            connection.close();
        } catch (IOException onClosing) {
            LOG.debug("closing a connection to the witness: {}", onClosing.toString());
        }
    }

    private static String describe(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String message = root.getMessage();
        return message != null && !message.isBlank() ? message : root.getClass().getSimpleName();
    }

    private void keepWarm() {
        byte[] ping = QueryCodec.encode(new WitnessQuery.Ping());
        boolean told = false;
        boolean answeredBefore = false;
        try {
            do {
                WitnessAnswer<QueryReply> answer =
                        ask(over -> over.read(ping), QueryCodec::decodeReply, PING_DEADLINE).join();
                boolean answered = answer instanceof Answered;
                if (closing.getCount() > 0 && (!told || answered != answeredBefore)) {
                    tell(answer);
                    told = true;
                    answeredBefore = answered;
                }
            } while (!closing.await(config.warmEvery().toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell(WitnessAnswer<QueryReply> answer) {
        switch (answer) {
            case Answered<QueryReply> _ -> LOG.info("witness answers: {}", config.witnesses());
            case Rejected<QueryReply>(String why) -> LOG.warn("witness rejects us: {}", why);
            case Unanswered<QueryReply>(String why) -> LOG.warn("witness does not answer: {}", why);
        }
    }

    /// Ends every question under way as `Unanswered` and lets go of the connection.
    @Override
    public void close() {
        closing.countDown();
        dispose(connection.get());
        try {
            warmth.join(config.attemptTimeout());
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }
}
