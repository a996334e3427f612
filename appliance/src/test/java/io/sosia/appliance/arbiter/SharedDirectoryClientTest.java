package io.sosia.appliance.arbiter;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.Members;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.Nonce;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.client.WitnessAnswer;
import io.sosia.witness.client.WitnessAnswer.Answered;
import io.sosia.witness.client.WitnessAnswer.Unanswered;
import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class SharedDirectoryClientTest {

    private static final PairId PAIR = new PairId(new UUID(0, 1));
    private static final NodeName A = new NodeName("a");
    private static final Duration SOON = Duration.ofMillis(50);
    private static final Duration LATER = Duration.ofSeconds(60);
    private static final ClaimCommand BIRTH = new ClaimCommand.Initialise(
            PAIR, Members.of(A, new NodeName("b")), A, new Nonce(new UUID(0, 2)));

    @TempDir
    private Path folder;

    private static <T> String whyUnanswered(CompletableFuture<WitnessAnswer<T>> question) {
        return ((Unanswered<T>) question.join()).why();
    }

    private static TableEntry known(CompletableFuture<WitnessAnswer<Optional<TableEntry>>> question) {
        return ((Answered<Optional<TableEntry>>) question.join()).value().orElseThrow();
    }

    @Test
    void answersLikeAWitness() {
        try (SharedDirectoryClient client = SharedDirectoryClient.open(folder)) {
            ClaimResult born = ((Answered<ClaimResult>) client.submit(BIRTH, LATER).join()).value();
            assertThat(born).isInstanceOf(ClaimResult.Granted.class);
            assertThat(known(client.read(PAIR, LATER)).record().lastChange()).isEqualTo(BIRTH);
            assertThat(client.answeredWithin(LATER)).isTrue();
        }
    }

    @Test
    void aDirectoryThatIsNotThereIsAnArbiterThatDoesNotAnswer() throws IOException {
        Path mount = folder.resolve("mount");
        try (SharedDirectoryClient client = SharedDirectoryClient.open(mount)) {
            assertThat(whyUnanswered(client.read(PAIR, LATER))).contains("is it mounted?");
            assertThat(client.answeredWithin(LATER)).isFalse();
            Files.createDirectory(mount);
            client.submit(BIRTH, LATER).join();
            assertThat(known(client.read(PAIR, LATER)).record().epoch()).isEqualTo(1);
        }
    }

    /// Opening a pipe nobody writes to blocks in the kernel, as everything does on a file server that has gone.
    private Path hangingRecord() throws Exception {
        try (SharedDirectoryClient client = SharedDirectoryClient.open(folder)) {
            client.submit(BIRTH, LATER).join();
        }
        Path pipe = folder.resolve(PAIR.toString()).resolve("change-0000000002");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).inheritIO().start().waitFor()).isZero();
        return pipe;
    }

    /// Opened both ways a pipe waits for nobody; whether the client has come to it yet or not, it does not hang there any more.
    private static void letGo(Path pipe) throws IOException {
        try (SeekableByteChannel _ = Files.newByteChannel(pipe, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            Files.delete(pipe);
        }
    }

    @Test
    void aFileSystemThatHangsHoldsUpNobody() throws Exception {
        Path pipe = hangingRecord();
        try (SharedDirectoryClient client = SharedDirectoryClient.open(folder)) {
            // One that is certainly asked: the others may be out of time before it is their turn.
            CompletableFuture<WitnessAnswer<Optional<TableEntry>>> stuck = client.read(PAIR, LATER);
            List<CompletableFuture<WitnessAnswer<Optional<TableEntry>>>> queued = new ArrayList<>();
            for (int i = 0; i < SharedDirectoryClient.QUESTIONS_MAX + 1; i++) {
                queued.add(client.read(PAIR, SOON));
            }
            List<String> why = queued.stream().map(SharedDirectoryClientTest::whyUnanswered).toList();
            assertThat(why.subList(0, SharedDirectoryClient.QUESTIONS_MAX - 1))
                    .allSatisfy(each -> assertThat(each).contains("no answer within 50 ms", "hang"));
            assertThat(why.getLast()).contains("not asked: 64 questions");
            assertThat(stuck).isNotDone();

            letGo(pipe);
            assertThat(known(answered(client)).record().epoch()).isEqualTo(1);
        }
    }

    /// The queue may still be full of questions whose time is over.
    private static CompletableFuture<WitnessAnswer<Optional<TableEntry>>> answered(SharedDirectoryClient client) {
        CompletableFuture<WitnessAnswer<Optional<TableEntry>>> question = client.read(PAIR, LATER);
        while (!(question.join() instanceof Answered)) {
            question = client.read(PAIR, LATER);
        }
        return question;
    }

    @Test
    void closingDoesNotWaitForAFileSystemThatHangs() throws Exception {
        Path pipe = hangingRecord();
        SharedDirectoryClient client = SharedDirectoryClient.open(folder);
        CompletableFuture<WitnessAnswer<Optional<TableEntry>>> stuck = client.read(PAIR, LATER);
        CompletableFuture<WitnessAnswer<Optional<TableEntry>>> behind = client.read(PAIR, LATER);
        client.close();
        assertThat(whyUnanswered(stuck)).contains("closed");
        assertThat(whyUnanswered(behind)).contains("closed");
        assertThat(whyUnanswered(client.read(PAIR, LATER))).contains("closed");
        letGo(pipe);
    }
}
