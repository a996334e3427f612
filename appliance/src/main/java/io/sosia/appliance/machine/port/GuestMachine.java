package io.sosia.appliance.machine.port;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.function.Consumer;

/// A deterministic machine: the same image and the same (step, input) list give the same outputs, digests and snapshots, on
/// every host and with every engine. One thread at a time may use it.
///
/// A *step* is one attempt to execute an instruction, whether it retires or traps, or one interrupt taken. It is the only
/// notion of time inside.
public interface GuestMachine {

    /// Steps executed since the machine was built; resets do not set it back.
    long steps();

    /// Executes until `steps() == untilSteps`, or stops earlier for the reason returned. With `untilSteps == steps()` it does
    /// nothing and returns [Stop#REACHED]. While an output other than console bytes waits to be drained (an applied input can
    /// cause one too) it executes nothing and returns [Stop#OUTPUT].
    Stop run(long untilSteps);

    /// Applies one input at exactly this point. An input the machine cannot take (an unknown disk request id, guest time
    /// going back) is a broken invariant of the caller: [IllegalStateException] naming expected and got.
    void apply(MachineInput input);

    /// Hands over the outputs produced since the last call, in order, each once.
    void drain(Consumer<MachineOutput> outbox);

    /// Guest time now, in ticks of 100 ns.
    long ticks();

    /// The rate at which guest time passes, in ticks per step times 2^32.
    long ticksPerStepQ32();

    /// Guest time at which the timer fires, in ticks; [Long#MAX_VALUE] when none is set. Only of use while idle.
    long timerDeadlineTicks();

    /// How many console bytes can be applied now without loss.
    int consoleRoom();

    /// How many frames can be delivered now without being dropped for want of guest buffers.
    int frameRoom();

    /// Disk requests submitted by the guest and not completed yet, in submission order.
    List<MachineOutput.DiskRequest> pendingDiskRequests();

    /// Number of entropy bytes asked for and not delivered yet; 0 if none.
    int pendingEntropy();

    /// Hash of the complete state (registers, devices, all RAM) and of all outputs produced so far. Only RAM pages written
    /// since the last call are read. It is a function of the run up to this step: neither earlier calls nor a restart from a
    /// snapshot change it.
    long digest();

    /// The state in pieces, to be moved while the machine runs.
    MachineImage image();

    /// Writes the complete state, from which a machine continues bit-identically (pending requests included; undrained
    /// outputs too).
    void save(OutputStream out) throws IOException;

    /// Reads what [#save] wrote into this machine, which was just built like the saved one and continues bit-identically.
    ///
    /// @throws IOException when the stream does not hold the complete state of such a machine; one line says why, and this
    ///                     machine is of no use any more
    void load(InputStream in) throws IOException;
}
