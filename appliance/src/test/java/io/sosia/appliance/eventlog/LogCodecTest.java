package io.sosia.appliance.eventlog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class LogCodecTest {

    @Property(tries = 100)
    void decodingUndoesEncoding(@ForAll long seed) throws LogFormatException {
        LogBatch batch = randomBatch(new SplittableRandom(seed));
        byte[] bytes = LogCodec.encode(batch);

        LogBatch decoded = LogCodec.decode(bytes);

        assertThat(decoded).usingRecursiveComparison().isEqualTo(batch);
        assertThat(LogCodec.encode(decoded)).isEqualTo(bytes);
    }

    @Property(tries = 1_000)
    void anyBytesGiveABatchOrAFormatException(@ForAll byte[] bytes) {
        decodeOrRefuse(bytes);
    }

    @Property(tries = 1_500)
    void damagedBatchGivesABatchOrAFormatException(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] bytes = LogCodec.encode(randomBatch(random));
        for (int i = 0; i <= random.nextInt(3); i++) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        decodeOrRefuse(random.nextBoolean() ? bytes : Arrays.copyOf(bytes, random.nextInt(bytes.length)));
    }

    private static void decodeOrRefuse(byte[] bytes) {
        try {
            LogCodec.decode(bytes);
        } catch (LogFormatException e) {
            assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
        }
    }

    @Test
    void everyCutOfABatchIsRefused() {
        byte[] bytes = LogCodec.encode(randomBatch(new SplittableRandom(3)));
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> LogCodec.decode(cut)).isInstanceOf(LogFormatException.class);
        }
    }

    @Test
    void bytesOfTheFormatDoNotChangeWithinAVersion() {
        OutputTotals totals = new OutputTotals(300, 0x01020304, 2, 128, 1, 0x05060708);
        LogBatch batch = new LogBatch(new LogPosition(5, 200), List.of(
                new LogEntry.Input(1_000, new MachineInput.ConsoleIn(new byte[] {'a', 'b'})),
                new LogEntry.Input(1_000, new MachineInput.DiskCompleted(7, DiskStatus.IO_ERROR, new byte[0])),
                new LogEntry.Input(1_001, new MachineInput.ClockAdjust(1_000_000, 429_496_729)),
                new LogEntry.Input(1_001, new MachineInput.Entropy(new byte[] {9})),
                new LogEntry.Mark(1_100, totals),
                new LogEntry.Progress(1_200),
                new LogEntry.Digest(1_200, -2),
                new LogEntry.Released(1_200, new LogPosition(5, 199)),
                new LogEntry.Verify(1_200, 8L << 20, 4 << 20, false),
                new LogEntry.Repair(1_200, 64 << 10, new byte[] {1, 2, 3}),
                new LogEntry.End(1_300, EndReason.STOPPED, totals, 3, 0x1122334455667788L)));

        assertThat(HexFormat.of().formatHex(LogCodec.encode(batch))).isEqualTo("02" + "05" + "c801" + "e807" + "0b"
                + "1200026162"
                + "1300070100"
                + "1401c0843d" + "99b3e6cc01"
                + "15000109"
                + "0263" + "ac02010203040280010105060708"
                + "0164"
                + "0300fffffffffffffffe"
                + "040005c701"
                + "0600" + "80808004" + "80808002" + "00"
                + "0700" + "808004" + "03010203"
                + "0564" + "03" + "ac02010203040280010105060708" + "03" + "1122334455667788");
    }

    @Test
    void otherVersionIsNamed() {
        byte[] bytes = LogCodec.encode(randomBatch(new SplittableRandom(1)));
        bytes[0] = 9;
        assertThatThrownBy(() -> LogCodec.decode(bytes)).isInstanceOf(LogFormatException.class)
                .hasMessage("log format 9, this program reads format 2");
    }

    @Test
    void hugeLengthsAreRefusedBeforeAnythingIsAllocated() {
        byte[] countOf65536 = HexFormat.of().parseHex("02" + "01" + "01" + "00" + "808004");
        byte[] diskDataOf64MiB = HexFormat.of().parseHex("02" + "01" + "01" + "00" + "01" + "13000000" + "80808020");
        assertThatThrownBy(() -> LogCodec.decode(countOf65536)).isInstanceOf(LogFormatException.class);
        assertThatThrownBy(() -> LogCodec.decode(diskDataOf64MiB)).isInstanceOf(LogFormatException.class)
                .hasMessage("ends in the middle of disk data: 67108864 bytes needed, 0 left");
    }

    @Test
    void stepsBeyondTheLargestNumberAreRefused() {
        byte[] bytes = HexFormat.of().parseHex("02" + "01" + "01" + "ffffffffffffffff7f" + "01" + "0101");
        assertThatThrownBy(() -> LogCodec.decode(bytes)).isInstanceOf(LogFormatException.class)
                .hasMessageContaining("step of an entry is 1, expected 0 to 0");
    }

    @Test
    void inputBeyondItsLimitIsNotWritten() {
        LogEntry frame = new LogEntry.Input(1, new MachineInput.FramesIn(List.of(new byte[13])));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LogCodec.encode(new LogBatch(new LogPosition(1, 1), List.of(frame))))
                .withMessage("frame bytes: 13, expected 14 to 65550");
    }

    @Test
    void redisRequestCostsLessThanTwoHundredAndFiftyBytes() {
        // A request of 40 bytes in a TCP segment, the jump of the clock that goes before it, two frames out.
        byte[] request = new byte[14 + 20 + 32 + 40];
        long step = 4_000_000_000L;
        OutputTotals totals = new OutputTotals(20_000, 1, 5_000_000, 500_000_000, 0, 1);
        int bytes = 0;
        for (LogEntry entry : List.<LogEntry>of(
                new LogEntry.Input(step, new MachineInput.ClockAdjust(90_000_000_000L, 1L << 29)),
                new LogEntry.Input(step, new MachineInput.FramesIn(List.of(request))),
                new LogEntry.Mark(step + 30_000, totals),
                new LogEntry.Mark(step + 80_000, totals))) {
            bytes += LogCodec.encode(new LogBatch(new LogPosition(3, 90_000_000), List.of(entry))).length;
        }
        assertThat(bytes).isLessThan(250);
    }

    static LogBatch randomBatch(SplittableRandom random) {
        List<LogEntry> entries = new ArrayList<>();
        long step = random.nextLong() >>> 1 + random.nextInt(60);
        for (int i = 0; i <= random.nextInt(30); i++) {
            entries.add(randomEntry(step, random));
            step += Math.min(random.nextLong() >>> 8 + random.nextInt(55), Long.MAX_VALUE - step);
        }
        return new LogBatch(new LogPosition(positive(random), 1 + positive(random) / 2), entries);
    }

    private static LogEntry randomEntry(long step, SplittableRandom random) {
        return switch (random.nextInt(13)) {
            case 0 -> new LogEntry.Progress(step);
            case 1 -> new LogEntry.Mark(step, randomTotals(random));
            case 2 -> new LogEntry.Digest(step, random.nextLong());
            case 3 -> new LogEntry.Released(step, new LogPosition(positive(random), positive(random)));
            case 4 -> new LogEntry.End(step, EndReason.values()[random.nextInt(EndReason.values().length)], randomTotals(random),
                    positive(random), random.nextLong());
            case 5 -> input(step, new MachineInput.PowerOn(bytes(random, 32, 256), random.nextLong()));
            case 6 -> {
                List<byte[]> frames = new ArrayList<>();
                for (int i = 0; i <= random.nextInt(4); i++) {
                    frames.add(bytes(random, 14, 200));
                }
                yield input(step, new MachineInput.FramesIn(frames));
            }
            case 7 -> input(step, new MachineInput.ConsoleIn(bytes(random, 1, 64)));
            case 8 -> input(step, new MachineInput.DiskCompleted(
                    positive(random), DiskStatus.values()[random.nextInt(3)], bytes(random, 0, 600)));
            case 10 -> new LogEntry.Verify(step, positive(random), 1 + random.nextInt(4 << 20), random.nextBoolean());
            case 11 -> new LogEntry.Repair(step, positive(random), bytes(random, 1, 700));
            case 9 -> input(step, new MachineInput.ClockAdjust(positive(random), 1 + (random.nextLong() >>> 28)));
            default -> input(step, new MachineInput.Entropy(bytes(random, 1, 64)));
        };
    }

    private static LogEntry input(long step, MachineInput input) {
        return new LogEntry.Input(step, input);
    }

    private static OutputTotals randomTotals(SplittableRandom random) {
        return new OutputTotals(positive(random), random.nextInt(), positive(random), positive(random),
                positive(random), random.nextInt());
    }

    private static long positive(SplittableRandom random) {
        return random.nextLong() >>> 1 + random.nextInt(60);
    }

    private static byte[] bytes(SplittableRandom random, int min, int max) {
        byte[] bytes = new byte[random.nextInt(min, max + 1)];
        random.nextBytes(bytes);
        return bytes;
    }
}
