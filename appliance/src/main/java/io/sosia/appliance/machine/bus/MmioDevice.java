package io.sosia.appliance.machine.bus;

/// A device behind memory-mapped registers. Accesses are naturally aligned and lie within the device's range; what a device
/// does not know reads as 0 and ignores writes.
public interface MmioDevice {

    /// @param offset byte offset into the device's range
    /// @param width  1, 2, 4 or 8 bytes
    /// @return the value, zero-extended
    long read(int offset, int width);

    /// @param value the low `width` bytes count
    void write(int offset, int width, long value);
}
