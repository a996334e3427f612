package io.sosia.appliance.eventlog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.sosia.appliance.machine.port.MachineOutput;
import org.junit.jupiter.api.Test;

class OutputTotalsTest {

    @Test
    void cutsOfTheConsoleDoNotShow() {
        OutputTotals once = OutputTotals.NONE.plus(console(0, "hello world"));
        OutputTotals twice = OutputTotals.NONE.plus(console(0, "hello")).plus(console(5, " world"));
        assertThat(twice).isEqualTo(once);
    }

    @Test
    void contentOrderAndKindShow() {
        byte[] one = new byte[60];
        byte[] two = new byte[60];
        two[59] = 1;
        assertThat(frames(one, two)).isNotEqualTo(frames(two, one)).isNotEqualTo(frames(one, one));
        assertThat(OutputTotals.NONE.plus(console(0, "a"))).isNotEqualTo(OutputTotals.NONE.plus(console(0, "b")));
        assertThat(OutputTotals.NONE.plus(new MachineOutput.PowerOff(false)))
                .isNotEqualTo(OutputTotals.NONE.plus(new MachineOutput.PowerOff(true)))
                .isNotEqualTo(OutputTotals.NONE.plus(new MachineOutput.ResetRequested(false)));
    }

    @Test
    void requestsToTheOwnNodeDoNotCount() {
        assertThat(OutputTotals.NONE.plus(new MachineOutput.DiskFlush(1)).plus(new MachineOutput.EntropyWanted(8)))
                .isEqualTo(OutputTotals.NONE);
    }

    @Test
    void consoleBytesThatDoNotFollowAreABrokenMachine() {
        assertThatIllegalStateException().isThrownBy(() -> OutputTotals.NONE.plus(console(3, "x")))
                .withMessage("console bytes at offset 3, expected 0");
    }

    private static OutputTotals frames(byte[]... frames) {
        OutputTotals totals = OutputTotals.NONE;
        for (byte[] frame : frames) {
            totals = totals.plus(new MachineOutput.FrameOut(frame));
        }
        return totals;
    }

    private static MachineOutput console(long offset, String text) {
        return new MachineOutput.ConsoleOut(offset, text.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }
}
