package io.sosia.appliance.machine;

import io.sosia.appliance.machine.bus.Bus;
import io.sosia.appliance.machine.cpu.GuestClock;
import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.device.GoldfishRtc;
import io.sosia.appliance.machine.device.Outbox;
import io.sosia.appliance.machine.device.Plic;
import io.sosia.appliance.machine.device.Uart16550;
import io.sosia.appliance.machine.exec.Engine;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.port.MachineOutput.PowerOff;
import io.sosia.appliance.machine.port.MachineOutput.ResetRequested;
import io.sosia.appliance.machine.sbi.PowerSwitch;
import io.sosia.appliance.machine.sbi.Sbi;
import io.sosia.appliance.machine.state.BadStateException;
import io.sosia.appliance.machine.state.Stateful;
import io.sosia.appliance.machine.virtio.BlockDevice;
import io.sosia.appliance.machine.virtio.EntropyDevice;
import io.sosia.appliance.machine.virtio.NetworkDevice;
import io.sosia.appliance.machine.virtio.VirtioMmio;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// The parts of a machine and the wires between them.
final class Board implements Stateful, PowerSwitch {

    /// Whether the board is running.
    enum Power {
        /// Never switched on, or switched off by the guest.
        OFF,
        ON,
        /// The guest wants a restart.
        RESTART
    }

    final GuestRam ram;
    final GuestClock clock = new GuestClock();
    final Hart hart;
    final Engine engine;
    final Outbox outbox;
    final Plic plic;
    final Uart16550 uart;
    final GoldfishRtc rtc;
    /// Null when the machine has none.
    final BlockDevice disk;
    /// Null when the machine has none.
    final NetworkDevice network;
    final EntropyDevice entropy;

    private final MachineSpec spec;
    private final List<Stateful> parts = new ArrayList<>();
    private Power power = Power.OFF;
    private boolean ramUsed;

    Board(MachineSpec spec, Function<Hart, Engine> engineFactory) {
        this.spec = spec;
        ram = new GuestRam(spec.ramBytes());
        Bus bus = new Bus();
        hart = new Hart(ram, bus, clock);
        outbox = new Outbox(hart::requestStop);
        plic = new Plic(hart.externalInterrupt());
        bus.map(BoardLayout.PLIC, Plic.SIZE, plic);
        uart = new Uart16550(outbox, plic.source(BoardLayout.UART_IRQ));
        bus.map(BoardLayout.UART, Uart16550.SIZE, uart);
        rtc = new GoldfishRtc(hart::ticks, plic.source(BoardLayout.RTC_IRQ), hart::requestStop);
        bus.map(BoardLayout.RTC, GoldfishRtc.SIZE, rtc);
        parts.addAll(List.of(clock, hart, plic, uart, rtc));
        network = spec.mac().map(mac -> NetworkDevice.create(ram,
                plic.source(BoardLayout.virtioIrq(BoardLayout.NETWORK_SLOT)), outbox, mac.bytes())).orElse(null);
        disk = spec.diskBytes() == 0 ? null : BlockDevice.create(ram,
                plic.source(BoardLayout.virtioIrq(BoardLayout.DISK_SLOT)), outbox, spec.diskBytes());
        entropy = EntropyDevice.create(ram, plic.source(BoardLayout.virtioIrq(BoardLayout.ENTROPY_SLOT)), outbox);
        if (network != null) {
            mapVirtio(bus, BoardLayout.NETWORK_SLOT, network.registers());
        }
        if (disk != null) {
            mapVirtio(bus, BoardLayout.DISK_SLOT, disk.registers());
        }
        mapVirtio(bus, BoardLayout.ENTROPY_SLOT, entropy.registers());
        hart.setFirmware(new Sbi(ram, outbox, uart, this));
        engine = engineFactory.apply(hart);
    }

    private void mapVirtio(Bus bus, int slot, VirtioMmio registers) {
        bus.map(BoardLayout.virtio(slot), VirtioMmio.SIZE, registers);
        parts.add(registers);
    }

    Power power() {
        return power;
    }

    /// Everything afresh, from the same image; steps, guest time, request ids and the console's offset go on.
    void powerOn(byte[] seed, long wallClockNanos) {
        if (ramUsed) {
            ram.clear();
        }
        ramUsed = true;
        spec.boot().copyTo(ram);
        long initrd = BoardLayout.lowestInitrd(spec.ramBytes(), spec.initrd().limit());
        ram.write(GuestRam.offset(initrd), spec.initrd(), 0, spec.initrd().limit());
        long deviceTree = BoardLayout.deviceTree(spec.ramBytes());
        byte[] blob = DeviceTree.blob(spec, seed);
        ram.write(GuestRam.offset(deviceTree), blob, 0, blob.length);
        engine.dropCaches();

        hart.reset(spec.boot().entry(), 0, deviceTree);
        uart.reset();
        rtc.reset(wallClockNanos);
        if (network != null) {
            network.registers().reset();
        }
        if (disk != null) {
            disk.registers().reset();
        }
        entropy.registers().reset();
        plic.reset();
        power = Power.ON;
    }

    @Override
    public void powerOff(boolean failure) {
        power = Power.OFF;
        outbox.add(new PowerOff(failure));
    }

    @Override
    public void restart(boolean failure) {
        power = Power.RESTART;
        outbox.add(new ResetRequested(failure));
    }

    /// Everything but RAM and outputs that wait.
    @Override
    public void save(DataOutput out) throws IOException {
        out.writeByte(power.ordinal());
        out.writeBoolean(ramUsed);
        for (Stateful part : parts) {
            part.save(out);
        }
    }

    @Override
    public void load(DataInput in) throws IOException {
        int ordinal = in.readUnsignedByte();
        if (ordinal >= Power.values().length) {
            throw new BadStateException("power state " + ordinal + ", expected 0 to "
                    + (Power.values().length - 1));
        }
        power = Power.values()[ordinal];
        ramUsed = in.readBoolean();
        for (Stateful part : parts) {
            part.load(in);
        }
    }
}
