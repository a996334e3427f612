package io.sosia.appliance.machine.port;

/// How a disk request ended (virtio 1.2, 5.2.6: VIRTIO_BLK_S_*).
public enum DiskStatus {
    /// Carried out; a flush: everything written before it is durable.
    OK,
    /// The disk failed it.
    IO_ERROR,
    /// The disk does not offer this request.
    UNSUPPORTED
}
