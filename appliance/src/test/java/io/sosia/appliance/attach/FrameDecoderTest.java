package io.sosia.appliance.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class FrameDecoderTest {
    @Property(tries = 200)
    void findsTheSameFramesHoweverTheStreamIsCut(
            @ForAll @Size(max = 20) List<@IntRange(min = 14, max = 65_535) Integer> lengths, @ForAll long seed)
            throws IOException {
        Random random = new Random(seed);
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(stream);
        List<byte[]> expected = new ArrayList<>();
        for (int length : lengths) {
            byte[] frame = new byte[length];
            random.nextBytes(frame);
            out.writeInt(length);
            out.write(frame);
            expected.add(frame);
        }

        FrameDecoder decoder = new FrameDecoder();
        List<byte[]> found = new ArrayList<>();
        byte[] bytes = stream.toByteArray();
        for (int at = 0; at < bytes.length; ) {
            int limit = random.nextInt(4) == 0 ? 7 : 100_000;
            int count = Math.min(Math.min(bytes.length - at, decoder.space().remaining()), 1 + random.nextInt(limit));
            assertThat(count).as("room in the decoder, seed %d", seed).isPositive();
            decoder.space().put(bytes, at, count);
            decoder.decode(found::add);
            at += count;
        }
        assertThat(found).as("seed %d", seed).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found.get(i)).as("seed %d, frame %d", seed, i).isEqualTo(expected.get(i));
        }
    }

    @Test
    void namesTheLengthItRefuses() {
        FrameDecoder decoder = new FrameDecoder();
        decoder.space().putInt(0x47455420);
        assertThatThrownBy(() -> decoder.decode(_ -> {}))
                .isInstanceOf(FrameFormatException.class)
                .hasMessageContaining("1195725856")
                .hasMessageContaining("14 to 65535");
    }
}
