package io.sosia.appliance.arbiter;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.client.ClaimService;
import io.sosia.witness.client.WitnessAnswer;
import io.sosia.witness.client.WitnessAnswer.Answered;
import io.sosia.witness.client.WitnessAnswer.Unanswered;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks a shared directory. One thread of its own does all that touches the file system, so that a mount that hangs holds up
/// nothing else: who asks is answered `Unanswered` when the time is over, whatever that thread is stuck in. It looks at the
/// directory every second by itself, and thereby knows whether it is there.
public final class SharedDirectoryClient implements ClaimService {
    /// The most questions under way at once; more are answered `Unanswered` without being asked.
    public static final int QUESTIONS_MAX = 64;

    private static final Logger LOG = LoggerFactory.getLogger(SharedDirectoryClient.class);
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private static final Duration END_LIMIT = Duration.ofSeconds(1);

    private final SharedDirectory directory;
    private final Path path;
    private final BlockingQueue<Question<?>> questions = new ArrayBlockingQueue<>(QUESTIONS_MAX);
    private final Thread thread;
    private volatile boolean closing;
    private volatile Optional<Question<?>> current = Optional.empty();
    private volatile OptionalLong lastAnswerNanos = OptionalLong.empty();
    private Optional<Boolean> told = Optional.empty();

    /// Something to be done in the directory.
    private interface Work<T> {
        T carryOut(SharedDirectory directory) throws IOException;
    }

    private record Question<T>(Work<T> work, CompletableFuture<WitnessAnswer<T>> answer) {}

    private SharedDirectoryClient(Path path) {
        this.path = path;
        this.directory = new SharedDirectory(path);
        this.thread = Thread.ofPlatform().daemon().name("shared-directory").unstarted(this::run);
    }

    /// A client of a directory that exists already, or will; does not wait for it.
    public static SharedDirectoryClient open(Path directory) {
        SharedDirectoryClient client = new SharedDirectoryClient(directory);
        client.thread.start();
        return client;
    }

    @Override
    public CompletableFuture<WitnessAnswer<ClaimResult>> submit(ClaimCommand command, Duration deadline) {
        return ask(from -> from.submit(command), deadline);
    }

    @Override
    public CompletableFuture<WitnessAnswer<Optional<TableEntry>>> read(PairId pairId, Duration deadline) {
        return ask(from -> from.read(pairId), deadline);
    }

    @Override
    public boolean answeredWithin(Duration time) {
        OptionalLong last = lastAnswerNanos;
        return last.isPresent() && System.nanoTime() - last.getAsLong() <= time.toNanos();
    }

    private <T> CompletableFuture<WitnessAnswer<T>> ask(Work<T> work, Duration deadline) {
        if (deadline.isNegative() || deadline.isZero()) {
            throw new IllegalArgumentException("deadline " + deadline + ", expected more than zero");
        }
        Question<T> question = new Question<>(work, new CompletableFuture<>());
        if (closing || !questions.offer(question)) {
            return CompletableFuture.completedFuture(new Unanswered<>(closing ? "the client is closed"
                    : "not asked: " + QUESTIONS_MAX + " questions are under way, the limit"));
        }
        CompletableFuture<WitnessAnswer<T>> answer = question.answer()
                .orTimeout(deadline.toNanos(), TimeUnit.NANOSECONDS)
                .exceptionallyAsync(_ -> new Unanswered<>(
                        "no answer within " + deadline.toMillis() + " ms from " + path + "; does its file system hang?"));
        if (closing) {
            endAll();
        }
        return answer;
    }

    private void run() {
        try {
            while (!closing) {
                Question<?> question = questions.poll(LOOK_EVERY.toNanos(), TimeUnit.NANOSECONDS);
                if (question != null) {
                    current = Optional.of(question);
                    answer(question);
                } else {
                    tell(attempt(from -> {
                        from.check();
                        return path;
                    }));
                }
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        } finally {
            endAll();
        }
    }

    private <T> void answer(Question<T> question) {
        // Who has been answered for want of time asks again if it still matters.
        if (!question.answer().isDone() && !closing) {
            WitnessAnswer<T> answer = attempt(question.work());
            // What an interrupted attempt says is of no use.
            if (!closing || answer instanceof Answered) {
                question.answer().complete(answer);
            }
        }
    }

    private <T> WitnessAnswer<T> attempt(Work<T> work) {
        try {
            T value = work.carryOut(directory);
            lastAnswerNanos = OptionalLong.of(System.nanoTime());
            return new Answered<>(value);
        } catch (IOException failure) {
            return new Unanswered<>(failure.toString());
        } catch (RuntimeException unexpected) {
            LOG.error("asking the shared directory {} failed", path, unexpected);
            return new Unanswered<>(unexpected.toString());
        }
    }

    private void tell(WitnessAnswer<Path> answer) {
        boolean there = answer instanceof Answered;
        if (told.isEmpty() || told.get() != there) {
            told = Optional.of(there);
            if (answer instanceof Unanswered<Path>(String why)) {
                LOG.warn("the shared directory cannot be reached: {}", why);
            } else {
                LOG.info("the shared directory is there: {}", path);
            }
        }
    }

    private void endAll() {
        List<Question<?>> left = new ArrayList<>(current.stream().toList());
        questions.drainTo(left);
        left.forEach(question -> question.answer().complete(new Unanswered<>("the client was closed")));
    }

    /// Does not wait for a file system that hangs: its thread ends when the process does.
    @Override
    public void close() {
        closing = true;
        thread.interrupt();
        endAll();
        try {
            thread.join(END_LIMIT);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }
}
