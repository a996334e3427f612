package io.sosia.appliance.node;

import io.sosia.appliance.attach.Uplink;
import io.sosia.appliance.disk.DiskExecutor;
import io.sosia.appliance.eventlog.EndReason;
import io.sosia.appliance.eventlog.LogSink;
import io.sosia.appliance.eventlog.MarkedOutput;
import io.sosia.appliance.eventlog.OutputTotals;
import io.sosia.appliance.eventlog.RunPoint;
import io.sosia.appliance.lockstep.GuestTime;
import io.sosia.appliance.lockstep.OutputSink;
import io.sosia.appliance.lockstep.Recorder;
import io.sosia.appliance.machine.port.GuestMachine;
import io.sosia.appliance.machine.port.MachineOutput;
import io.sosia.appliance.machine.port.MachineOutput.DiskRequest;
import io.sosia.disksync.store.BlockStore;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.function.Consumer;

/// One unprotected machine: its loop, its disk, its cable and its console, and a recording of it all if wanted.
///
/// Threads: made and run by one; [#stop] and the inboxes may be used by any.
public final class SingleMachine {

    /// How a run ended.
    ///
    /// @param reason of the end, as a recording states it
    /// @param steps  the machine's steps
    /// @param totals what it had sent
    /// @param inputs number of inputs it was given
    public record Report(EndReason reason, long steps, OutputTotals totals, long inputs) {}

    /// What a machine is connected to.
    ///
    /// @param console takes what the guest prints, in order; called on the machine's thread
    /// @param uplink  its network, if it has a card
    /// @param disk    its disk, if it has one; stays the caller's, who closes it
    public record Connections(Consumer<byte[]> console, Optional<Uplink> uplink, Optional<BlockStore> disk) {}

    private static final LogSink NOWHERE = (_, _) -> { };

    private final GuestMachine machine;
    private final LoopSignal signal;
    private final MachineInboxes inboxes;
    private volatile boolean stopping;
    private volatile MachineLoop loop;
    private volatile Throwable brokenDisk;
    private boolean failed;

    /// @param machine just built, not switched on
    public SingleMachine(GuestMachine machine) {
        this.machine = machine;
        this.signal = new LoopSignal();
        this.inboxes = new MachineInboxes(signal);
    }

    /// Where frames and console bytes for the guest go.
    public MachineInboxes inboxes() {
        return inboxes;
    }

    /// Switches the machine on and runs it on this thread until the guest ends or [#stop] is called.
    ///
    /// @param recording where the log goes, read data included, if it is wanted; gets its end entry
    /// @throws UncheckedIOException when the recording cannot be written
    /// @throws IllegalStateException        when an invariant is broken
    public Report run(Connections connections, Optional<LogSink> recording) {
        Optional<DiskExecutor> disk = connections.disk()
                .map(store -> new DiskExecutor(store, DiskExecutor.Settings.PRIMARY, inboxes::completed, this::broken));
        try {
            Recorder recorder = new Recorder(machine, RunPoint.start(1), Recorder.ReadData.LOGGED,
                    recording.orElse(NOWHERE), outputs(connections, disk));
            HostSources host = HostSources.system();
            LoopSettings settings = recording.isPresent() ? LoopSettings.SINGLE : LoopSettings.UNRECORDED;
            MachineLoop own = new MachineLoop(recorder, inboxes, signal, settings, host, MachineDuty.ALONE,
                    new GuestTime(host.monotonicNanos(), machine.ticks(), 0));
            loop = own;
            if (stopping) {
                own.stop();
            }
            own.powerOn();
            EndReason reason = switch (own.run()) {
                case POWERED_OFF -> failed ? EndReason.FAILED : EndReason.POWERED_OFF;
                case RESET -> failed ? EndReason.FAILED : EndReason.RESET;
                case STOPPED -> EndReason.STOPPED;
            };
            if (brokenDisk != null) {
                throw new IllegalStateException("the disk's thread has broken: " + brokenDisk.getMessage(), brokenDisk);
            }
            recorder.end(reason);
            return new Report(reason, machine.steps(), recorder.point().totals(), recorder.point().inputs());
        } finally {
            disk.ifPresent(DiskExecutor::close);
        }
    }

    /// Asks the machine to stop between two slices, now or as soon as it runs. Any thread.
    public void stop() {
        stopping = true;
        MachineLoop running = loop;
        if (running != null) {
            running.stop();
        }
    }

    private void broken(Throwable cause) {
        brokenDisk = cause;
        stop();
    }

    private OutputSink outputs(Connections connections, Optional<DiskExecutor> disk) {
        return new OutputSink() {
            @Override
            public void external(MarkedOutput marked) {
                switch (marked.output()) {
                    case MachineOutput.FrameOut(byte[] frame) ->
                            connections.uplink().ifPresent(uplink -> uplink.send(frame));
                    case MachineOutput.ConsoleOut(long _, byte[] bytes) -> connections.console().accept(bytes);
                    case MachineOutput.PowerOff(boolean failure) -> failed = failure;
                    case MachineOutput.ResetRequested(boolean failure) -> failed = failure;
                    case DiskRequest _, MachineOutput.EntropyWanted _ ->
                            throw new IllegalStateException("not an external output: " + marked.output());
                }
            }

            @Override
            public void disk(DiskRequest request) {
                disk.orElseThrow(() -> new IllegalStateException("a machine without a disk asked for " + request))
                        .submit(request);
            }

            @Override
            public void entropyWanted(int bytes) {
                // The loop asks the machine itself.
            }
        };
    }
}
