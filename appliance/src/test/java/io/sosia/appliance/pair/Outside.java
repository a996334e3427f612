package io.sosia.appliance.pair;

import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.machine.port.MachineOutput;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Those who use the machine: send it frames, read its console, and notice when it contradicts itself.
final class Outside {

    private static final int CONSOLE_BYTES_MAX = 1 << 16;

    private final PairSimulation world;
    private final Set<Integer> asked = new HashSet<>();
    private final Map<Long, byte[]> consoles = new TreeMap<>();
    private long questions;
    private long answersSeen;
    private boolean counting;
    private long answersCounted;

    Outside(PairSimulation world) {
        this.world = world;
    }

    /// Sends one frame to everybody: a switch floods what it does not know.
    void ask() {
        ByteBuffer frame = ByteBuffer.allocate(60);
        frame.putLong(0, 0x0202_0202_0202_0404L).putLong(20, ++questions);
        if (counting) {
            asked.add(Arrays.hashCode(frame.array()));
        }
        for (SimHost host : world.hosts) {
            if (host.node() != null) {
                host.node().machine.offer(frame.array());
            }
        }
    }

    void type(char key) {
        for (SimHost host : world.hosts) {
            if (host.node() != null) {
                host.node().machine.type(key);
            }
        }
    }

    /// From now on answers to new questions count.
    void count() {
        counting = true;
        asked.clear();
        answersCounted = 0;
    }

    long answersCounted() {
        return answersCounted;
    }

    long answersSeen() {
        return answersSeen;
    }

    void receives(SimNode node, MarkedOutput output) {
        switch (output.output()) {
            case MachineOutput.FrameOut(byte[] frame) -> answer(frame);
            case MachineOutput.ConsoleOut(long offset, byte[] bytes) -> console(node, offset, bytes);
            case MachineOutput.PowerOff _ -> world.seen("power-off");
            case MachineOutput.ResetRequested _ -> world.seen("reboot");
            case MachineOutput.DiskRequest _, MachineOutput.EntropyWanted _ ->
                    throw new IllegalStateException("left: " + output);
        }
    }

    private void answer(byte[] frame) {
        if (frame.length == 38 && frame[12] == (byte) 0x88 && frame[13] == (byte) 0xb5) {
            answersSeen++;
            if (asked.contains((int) ByteBuffer.wrap(frame).getLong(22))) {
                answersCounted++;
            }
        }
    }

    private void console(SimNode node, long offset, byte[] bytes) {
        long lineage = node.machine.lineage();
        byte[] text = consoles.computeIfAbsent(lineage, _ -> new byte[CONSOLE_BYTES_MAX]);
        for (int i = 0; i < bytes.length && offset + i < text.length; i++) {
            byte known = text[(int) offset + i];
            if (known != 0 && known != bytes[i] && !world.checks.doubtfulLineage(lineage)) {
                throw new PairChecks.Violation("%s says %c at console byte %d, %c was said before"
                        .formatted(node, bytes[i], offset + i, known));
            }
            text[(int) offset + i] = bytes[i];
        }
    }

    /// At the end of a run: the console of a machine that lives has no hole.
    void settled(SimNode node) {
        if (world.checks.doubtfulLineage(node.machine.lineage())) {
            return;
        }
        byte[] text = consoles.getOrDefault(node.machine.lineage(), new byte[0]);
        int last = text.length;
        while (last > 0 && text[last - 1] == 0) {
            last--;
        }
        for (int i = 0; i < last; i++) {
            if (text[i] == 0) {
                throw new PairChecks.Violation("console byte %d of %d never left".formatted(i, last));
            }
        }
    }
}
