package io.sosia.appliance.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.machine.port.MachineOutput;
import org.junit.jupiter.api.Test;

class UnreleasedTest {

    private final Unreleased unreleased = new Unreleased(LogPosition.START, 1 << 20);

    private static LogPosition at(long seq) {
        return new LogPosition(2, seq);
    }

    @Test
    void releasedOutputsAreForgottenWheneverTheWordArrives() {
        MarkedOutput early = new MarkedOutput(new MachineOutput.FrameOut(new byte[20]), at(3));
        MarkedOutput late = new MarkedOutput(new MachineOutput.FrameOut(new byte[20]), at(9));
        unreleased.add(early);
        unreleased.released(at(5));
        unreleased.add(early);
        unreleased.add(late);
        assertThat(unreleased.all()).containsExactly(late);
    }

    /// Its release only starts the claim that ends the run: were it forgotten, a new primary would keep a dead machine.
    @Test
    void powerOffIsRepeatedEvenWhenItWasReleased() {
        MarkedOutput off = new MarkedOutput(new MachineOutput.PowerOff(false), at(4));
        unreleased.released(at(4));
        unreleased.add(off);
        unreleased.released(at(7));
        assertThat(unreleased.all()).containsExactly(off);
    }
}
