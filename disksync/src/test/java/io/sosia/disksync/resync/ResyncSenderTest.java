package io.sosia.disksync.resync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.DirtyMap;
import io.sosia.disksync.block.Geometry;
import io.sosia.disksync.resync.ResyncSender.Piece;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResyncSenderTest {
    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final long SIZE = 80L * Geometry.EXTENT_BYTES + 512;
    private static final double RATE_PER_MILLI = 100 << 10;
    private static final UUID SESSION = new UUID(1, 1);

    private static ResyncSender sender(ResyncMode mode, ByteRange... ranges) {
        DirtyMap blocks = new DirtyMap();
        for (ByteRange range : ranges) {
            blocks.mark(range);
        }
        return new ResyncSender(SESSION, new ResyncPlan(mode, blocks, "test"), SIZE, 0);
    }

    private static ByteRange blocks(long first, int count) {
        return new ByteRange(first * BLOCK, (long) count * BLOCK);
    }

    @Test
    void sendsRunsOfBlocksUpToAPieceAndTheShortEndOfTheDisk() {
        ResyncSender sender = sender(ResyncMode.INCREMENTAL, blocks(3, 6), new ByteRange(SIZE - 512, 512));
        assertThat(sender.next(0)).contains(new Piece(1, blocks(3, 4)));
        assertThat(sender.next(0)).contains(new Piece(2, blocks(7, 2)));
        assertThat(sender.next(0)).contains(new Piece(3, new ByteRange(SIZE - 512, 512)));
        assertThat(sender.next(0)).isEmpty();
        assertThat(sender.still()).isFalse();
        sender.durable(3, 1);
        assertThat(sender.still()).isTrue();
        assertThat(sender.left().isEmpty()).isTrue();
    }

    @Test
    void aBlockWrittenWhileItIsOnItsWayComesAgain() {
        ResyncSender sender = sender(ResyncMode.INCREMENTAL, blocks(0, 1));
        sender.next(0);
        sender.wrote(new ByteRange(512, 512));
        sender.durable(1, 0);
        assertThat(sender.next(0)).contains(new Piece(2, blocks(0, 1)));
    }

    @Test
    void whatIsNotDurableAtTheTargetIsLeft() {
        ResyncSender sender = sender(ResyncMode.INCREMENTAL, blocks(0, 1), blocks(100, 1));
        sender.next(0);
        sender.next(0);
        sender.durable(1, 0);
        DirtyMap left = sender.interrupted().left();
        assertThat(left.count()).isEqualTo(1);
        assertThat(left.contains(100L * BLOCK)).isTrue();
    }

    @Test
    void onlyBlocksThatDifferAreSentWhenComparing() {
        ResyncSender sender = sender(ResyncMode.BY_HASH, blocks(0, 128));
        assertThat(sender.next(0)).isEmpty();
        assertThat(sender.nextComparison(0)).contains(new ResyncSender.Comparison(0, -1));
        assertThat(sender.nextComparison(0)).contains(new ResyncSender.Comparison(1, -1));
        assertThat(sender.near()).isFalse();
        sender.compared(0, 0b100, 0);
        assertThat(sender.next(0)).contains(new Piece(1, blocks(2, 1)));
        sender.compared(1, 0, 0);
        sender.durable(1, 0);
        assertThat(sender.near()).isTrue();
        assertThat(sender.progress().bytesDone()).isEqualTo(128L * BLOCK);
        assertThat(sender.progress().bytesSent()).isEqualTo(BLOCK);
    }

    /// A guest that writes all over the disk, at so many times the rate at which it is sent, and a target that is durable 20 ms later.
    @ParameterizedTest(name = "writes {0} times as fast as is sent")
    @ValueSource(doubles = {0, 0.3, 0.9, 1.5, 5, 20, 50})
    void itComesNearHoweverFastTheGuestWrites(double times) {
        ResyncSender sender = untilNear(times, 20);
        if (times < 0.5) {
            assertThat(sender.pace()).as("a guest that writes little is not slowed").isEqualTo(1.0);
        }
        if (times > 1) {
            assertThat(sender.pace() * times).as("what is written is less than what is sent").isLessThan(1.0);
            assertThat(sender.pace() * times).as("and not much less").isGreaterThan(0.2);
        }
    }

    /// Then what is on its way alone is more than near allows, and nothing ever waits to be sent.
    @ParameterizedTest(name = "writes {0} times as fast as is sent")
    @ValueSource(doubles = {0.6, 0.9, 5})
    void itComesNearThoughTheTargetIsSlowToMakeDurable(double times) {
        assertThat(untilNear(times, 100).pace()).isBetween(0.01, 0.99);
    }

    private static ResyncSender untilNear(double times, int durableAfterMillis) {
        ResyncSender sender = sender(ResyncMode.FULL, new ByteRange(0, SIZE));
        SplittableRandom random = new SplittableRandom((long) (times * 10));
        ArrayDeque<long[]> acknowledgements = new ArrayDeque<>();
        double toSend = 0;
        double toWrite = 0;
        long millis = 0;
        while (millis < 20 || !sender.near()) {
            assertThat(++millis).as("milliseconds, pace %s, %s", sender.pace(), sender.progress()).isLessThan(300_000);
            long now = millis * 1_000_000;
            toSend += RATE_PER_MILLI;
            Optional<Piece> piece = toSend > 0 ? sender.next(now) : Optional.empty();
            while (piece.isPresent()) {
                toSend -= piece.get().range().length();
                acknowledgements.add(new long[] {millis + durableAfterMillis, piece.get().number()});
                piece = toSend > 0 ? sender.next(now) : Optional.empty();
            }
            toSend = Math.min(toSend, RATE_PER_MILLI);
            while (!acknowledgements.isEmpty() && acknowledgements.peek()[0] <= millis) {
                sender.durable(acknowledgements.remove()[1], now);
            }
            toWrite += times * RATE_PER_MILLI * sender.pace();
            for (; toWrite >= BLOCK; toWrite -= BLOCK) {
                sender.wrote(new ByteRange(random.nextLong(SIZE / BLOCK) * BLOCK, 512));
            }
        }
        return sender;
    }

    @Test
    void aBurstAfterAllWasSentSlowsNobody() {
        ResyncSender sender = sender(ResyncMode.INCREMENTAL, blocks(0, 4));
        for (int round = 0; round < 10; round++) {
            while (sender.next(0).isPresent()) {
                sender.durable(sender.lastSent(), 0);
            }
            sender.wrote(blocks(0, 320));
        }
        assertThat(sender.pace()).isEqualTo(1.0);
    }

    @Test
    void whatIsOnItsWayIsBounded() {
        ResyncSender sender = sender(ResyncMode.FULL, new ByteRange(0, SIZE));
        long sent = 0;
        while (sender.next(0).isPresent()) {
            sent++;
        }
        assertThat(sent).isEqualTo(ResyncSender.IN_FLIGHT_BYTES_MAX / ResyncSender.PIECE_BYTES_MAX);
    }

    @Test
    void heldItSendsNothingNew() {
        ResyncSender sender = sender(ResyncMode.INCREMENTAL, blocks(0, 1), blocks(99, 1));
        sender.next(0);
        sender.hold();
        assertThat(sender.next(0)).isEmpty();
        sender.durable(1, 0);
        assertThat(sender.still()).isTrue();
        sender.release();
        assertThat(sender.next(0)).isPresent();
    }

    @Test
    void aTargetThatOwesAnAnswerAndSaysNothingIsLostAndAnIdleOneIsNot() {
        ResyncSender sender = sender(ResyncMode.INCREMENTAL, blocks(0, 1));
        assertThat(sender.stuck(100_000_000_000L)).as("nothing was sent").isFalse();
        sender.next(100_000_000_000L);
        assertThat(sender.stuck(129_000_000_000L)).isFalse();
        assertThat(sender.stuck(131_000_000_000L)).isTrue();
    }

    @Test
    void answersThatCannotBeAreRefused() {
        ResyncSender sender = sender(ResyncMode.INCREMENTAL, blocks(0, 1));
        assertThatIllegalStateException().isThrownBy(() -> sender.durable(1, 0));
        assertThatIllegalStateException().isThrownBy(() -> sender.compared(0, 0, 0));
    }

    @Test
    void aBusyGuestSlowsItAndAQuietOneDoesNot() {
        LatencyThrottle throttle = new LatencyThrottle(10_000_000, 0);
        long now = 0;
        long free = 0;
        for (int i = 0; i < 100; i++) {
            now += 10_000_000;
            free += throttle.delayNanos(1 << 20, now);
        }
        assertThat(free).as("nobody is disturbed").isZero();
        for (int i = 0; i < 100; i++) {
            now += 10_000_000;
            throttle.guestRequest(50_000_000, now);
            throttle.delayNanos(1 << 20, now);
        }
        assertThat(throttle.rate()).isLessThan(40L << 20).isGreaterThanOrEqualTo(LatencyThrottle.RATE_MIN);
        long slow = throttle.rate();
        for (int i = 0; i < 100; i++) {
            now += 10_000_000;
            throttle.guestRequest(1_000_000, now);
            throttle.delayNanos(1 << 20, now);
        }
        assertThat(throttle.rate()).as("requests are quick again").isGreaterThan(slow);
        throttle.delayNanos(1 << 20, now + 2_000_000_000L);
        assertThat(throttle.rate()).as("the guest is quiet").isEqualTo(Long.MAX_VALUE);
    }
}
