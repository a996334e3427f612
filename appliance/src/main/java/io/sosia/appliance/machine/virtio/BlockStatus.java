package io.sosia.appliance.machine.virtio;

import io.sosia.appliance.machine.port.DiskStatus;

/// Status bytes of the block device (virtio 1.2, 5.2.6: VIRTIO_BLK_S_*).
final class BlockStatus {

    static final int OK = 0;
    static final int IO_ERROR = 1;
    static final int UNSUPPORTED = 2;

    private BlockStatus() {}

    static int of(DiskStatus status) {
        return switch (status) {
            case OK -> OK;
            case IO_ERROR -> IO_ERROR;
            case UNSUPPORTED -> UNSUPPORTED;
        };
    }
}
