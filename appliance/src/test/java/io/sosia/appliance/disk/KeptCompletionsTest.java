package io.sosia.appliance.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput.DiskCompleted;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class KeptCompletionsTest {
    private final AtomicInteger arrivals = new AtomicInteger();
    private final KeptCompletions kept = new KeptCompletions(3, arrivals::incrementAndGet);

    private static DiskCompleted completed(long id) {
        return new DiskCompleted(id, DiskStatus.OK, new byte[0]);
    }

    @Test
    void aCompletionIsKeptUntilItIsTaken() {
        assertThat(kept.take(5)).isEmpty();
        DiskCompleted five = completed(5);
        kept.accept(five);
        assertThat(arrivals).hasValue(1);
        assertThat(kept.take(5)).containsSame(five);
        assertThat(kept.take(5)).isEmpty();
    }

    @Test
    void goLivePassesOnWhatIsKeptAndWhatIsStillToCome() {
        List<DiskCompleted> received = new ArrayList<>();
        kept.accept(completed(8));
        kept.accept(completed(7));
        kept.passOn(received::add);
        kept.accept(completed(9));
        assertThat(received).extracting(DiskCompleted::requestId).containsExactly(7L, 8L, 9L);
        assertThat(kept.size()).isZero();
        assertThatIllegalStateException().isThrownBy(() -> kept.passOn(received::add));
    }

    @Test
    void aResetForgetsRequestsDoneAndUnderWay() {
        kept.accept(completed(1));
        kept.accept(completed(2));
        kept.forgetBefore(2);
        kept.accept(completed(0));
        assertThat(kept.take(1)).isEmpty();
        assertThat(kept.take(0)).isEmpty();
        assertThat(kept.take(2)).isPresent();
    }

    @Test
    void keepsABoundedNumberAndEachOnce() {
        kept.accept(completed(1));
        assertThatIllegalStateException().isThrownBy(() -> kept.accept(completed(1))).withMessageContaining("twice");
        kept.accept(completed(2));
        kept.accept(completed(3));
        assertThatIllegalStateException().isThrownBy(() -> kept.accept(completed(4))).withMessageContaining("3 kept");
    }
}
