package io.sosia.appliance.machine;

import io.sosia.appliance.machine.cpu.GuestClock;
import io.sosia.appliance.machine.device.GoldfishRtc;
import io.sosia.appliance.machine.device.Plic;
import io.sosia.appliance.machine.device.Uart16550;
import io.sosia.appliance.machine.memory.GuestRam;
import io.sosia.appliance.machine.virtio.VirtioMmio;

/// Describes the board to the guest (Devicetree Specification 0.4; bindings as in Linux).
final class DeviceTree {

    private static final int CPU_INTERRUPTS = 1;
    private static final int PLIC_PHANDLE = 2;
    private static final int SUPERVISOR_EXTERNAL = 9;
    private static final String[] EXTENSIONS = {"i", "m", "a", "f", "d", "c", "zicntr", "zicsr", "zifencei", "sstc"};

    private final MachineSpec spec;
    private final FdtWriter tree = new FdtWriter();

    private DeviceTree(MachineSpec spec) {
        this.spec = spec;
    }

    /// The blob for a machine, with `seed` as `/chosen/rng-seed`.
    static byte[] blob(MachineSpec spec, byte[] seed) {
        DeviceTree description = new DeviceTree(spec);
        description.root(seed);
        return description.tree.blob();
    }

    private void root(byte[] seed) {
        tree.node("");
        tree.cells("#address-cells", 2).cells("#size-cells", 2);
        tree.strings("compatible", "sosia,board", "riscv-virtio").strings("model", "sosia,board");
        chosen(seed);
        tree.node(at("memory", GuestRam.BASE)).strings("device_type", "memory");
        tree.wide("reg", GuestRam.BASE, spec.ramBytes()).end();
        cpus();
        soc();
        tree.end();
    }

    private void chosen(byte[] seed) {
        tree.node("chosen").strings("bootargs", spec.commandLine());
        tree.strings("stdout-path", "/soc/" + at("serial", BoardLayout.UART));
        tree.bytes("rng-seed", seed);
        if (spec.initrd().limit() > 0) {
            long start = BoardLayout.lowestInitrd(spec.ramBytes(), spec.initrd().limit());
            tree.wide("linux,initrd-start", start).wide("linux,initrd-end", start + spec.initrd().limit());
        }
        tree.end();
    }

    private void cpus() {
        tree.node("cpus").cells("#address-cells", 1).cells("#size-cells", 0);
        tree.cells("timebase-frequency", (int) GuestClock.TICKS_PER_SECOND);
        tree.node("cpu@0").strings("device_type", "cpu").cells("reg", 0).strings("status", "okay");
        tree.strings("compatible", "riscv").strings("mmu-type", "riscv,sv39");
        tree.strings("riscv,isa", "rv64imafdc_zicntr_zicsr_zifencei_sstc");
        tree.strings("riscv,isa-base", "rv64i").strings("riscv,isa-extensions", EXTENSIONS);
        tree.node("interrupt-controller").cells("#interrupt-cells", 1).cells("#address-cells", 0);
        tree.flag("interrupt-controller").strings("compatible", "riscv,cpu-intc");
        tree.cells("phandle", CPU_INTERRUPTS).end();
        tree.end().end();
    }

    private void soc() {
        tree.node("soc").cells("#address-cells", 2).cells("#size-cells", 2);
        tree.strings("compatible", "simple-bus").flag("ranges");
        tree.node(at("interrupt-controller", BoardLayout.PLIC));
        tree.strings("compatible", "sifive,plic-1.0.0", "riscv,plic0").wide("reg", BoardLayout.PLIC, Plic.SIZE);
        tree.cells("#interrupt-cells", 1).cells("#address-cells", 0).flag("interrupt-controller");
        tree.cells("interrupts-extended", CPU_INTERRUPTS, SUPERVISOR_EXTERNAL);
        tree.cells("riscv,ndev", Plic.SOURCES).cells("phandle", PLIC_PHANDLE).end();
        device("serial", "ns16550a", BoardLayout.UART, Uart16550.SIZE, BoardLayout.UART_IRQ);
        tree.cells("clock-frequency", BoardLayout.UART_CLOCK_HZ).end();
        device("rtc", "google,goldfish-rtc", BoardLayout.RTC, GoldfishRtc.SIZE, BoardLayout.RTC_IRQ);
        tree.end();
        if (spec.mac().isPresent()) {
            virtio(BoardLayout.NETWORK_SLOT);
        }
        if (spec.diskBytes() > 0) {
            virtio(BoardLayout.DISK_SLOT);
        }
        virtio(BoardLayout.ENTROPY_SLOT);
        tree.end();
    }

    private void virtio(int slot) {
        device("virtio_mmio", "virtio,mmio", BoardLayout.virtio(slot), VirtioMmio.SIZE, BoardLayout.virtioIrq(slot));
        tree.end();
    }

    /// Opens a device's node.
    private void device(String name, String compatible, long base, long size, int irq) {
        tree.node(at(name, base)).strings("compatible", compatible).wide("reg", base, size);
        tree.cells("interrupt-parent", PLIC_PHANDLE).cells("interrupts", irq);
    }

    private static String at(String name, long address) {
        return name + "@" + Long.toHexString(address);
    }
}
