package io.sosia.appliance.node;

import io.sosia.appliance.attach.ConsoleInbox;
import io.sosia.appliance.attach.FrameInbox;
import io.sosia.appliance.machine.port.MachineInput.DiskCompleted;
import java.util.concurrent.ArrayBlockingQueue;

/// What waits outside for the machine: everything that may be applied to it as an input, not recorded yet.
///
/// Threads: any offers; the machine's loop takes.
public final class MachineInboxes {
    private static final int FRAMES = 1_024;
    private static final int CONSOLE_BYTES = 4_096;
    /// More than the machine's disk can have under way.
    private static final int COMPLETIONS = 1_024;

    private final LoopSignal signal;
    private final FrameInbox frames;
    private final ConsoleInbox console;
    private final ArrayBlockingQueue<DiskCompleted> completions = new ArrayBlockingQueue<>(COMPLETIONS);

    /// @param signal wakes the machine's loop
    public MachineInboxes(LoopSignal signal) {
        this.signal = signal;
        this.frames = new FrameInbox(FRAMES, signal::raise);
        this.console = new ConsoleInbox(CONSOLE_BYTES, signal::raise);
    }

    /// Frames from outside; the newest is dropped when full.
    public FrameInbox frames() {
        return frames;
    }

    /// Bytes typed on the console.
    public ConsoleInbox console() {
        return console;
    }

    /// A disk request has been carried out.
    ///
    /// @throws IllegalStateException when more are waiting than a machine can have asked for
    public void completed(DiskCompleted completion) {
        if (!completions.offer(completion)) {
            throw new IllegalStateException(COMPLETIONS + " disk completions wait already: more than a machine can "
                    + "ask for");
        }
        signal.raise();
    }

    DiskCompleted pollCompletion() {
        return completions.poll();
    }

    boolean hasCompletion() {
        return !completions.isEmpty();
    }
}
