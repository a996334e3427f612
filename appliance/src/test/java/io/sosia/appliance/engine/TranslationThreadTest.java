package io.sosia.appliance.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class TranslationThreadTest {

    @Test
    void refusesWorkWhenItsQueueIsFullAndDoesTheRestInOrderOnOneDaemonThread() throws InterruptedException {
        TranslationThread thread = new TranslationThread(2);
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(2);
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        assertThat(thread.offer(() -> {
            begun.countDown();
            await(gate);
        })).isTrue();
        begun.await();

        for (int i = 0; i < 2; i++) {
            int number = i;
            assertThat(thread.offer(() -> {
                seen.add(number + " " + Thread.currentThread().getName() + " " + Thread.currentThread().isDaemon());
                done.countDown();
            })).isTrue();
        }
        assertThat(thread.offer(() -> seen.add("too many"))).isFalse();

        gate.countDown();
        done.await();
        assertThat(seen).containsExactly("0 sosia-translate true", "1 sosia-translate true");
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
