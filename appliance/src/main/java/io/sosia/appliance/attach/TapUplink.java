package io.sosia.appliance.attach;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An uplink on a Linux TAP interface: the guest is on the host's own bridge or network, with its real address.
///
/// The operator makes the interface, brings it up and bridges it; opening it needs CAP_NET_ADMIN or an interface made
/// for this user. Frames sent while it is down are dropped and counted.
///
/// Threads: its own platform thread receives (the wait is a native call, which would pin a virtual thread's carrier).
/// Senders write themselves, one at a time, under a lock.
public final class TapUplink implements Uplink {
    private static final Logger LOG = LoggerFactory.getLogger(TapUplink.class);

    private final String name;
    private final TapDevice device;
    private final FrameInbox inbox;
    private final Thread thread;

    /// Guards the three fields below and the device's sending half.
    private final Object sending = new Object();
    private boolean up = true;
    private boolean closed;
    private long droppedOutbound;

    private TapUplink(String name, TapDevice device, FrameInbox inbox) {
        this.name = name;
        this.device = device;
        this.inbox = Objects.requireNonNull(inbox);
        this.thread = Thread.ofPlatform().daemon().name("sosia-tap").unstarted(this::receive);
    }

    /// Opens or creates the interface `name`, like `sosia0`.
    ///
    /// @throws IOException when that is not permitted or possible, naming the interface and the remedy
    public static TapUplink open(String name, FrameInbox inbox) throws IOException {
        TapUplink uplink = new TapUplink(name, new TapDevice(name), inbox);
        uplink.thread.start();
        LOG.info("uplink DOWN->UP peer={}", uplink.describe());
        return uplink;
    }

    @Override
    public boolean send(byte[] frame) {
        synchronized (sending) {
            boolean sent = up
                    && frame.length >= EthernetFrame.HEADER_BYTES
                    && frame.length <= EthernetFrame.LENGTH_MAX
                    && device.write(frame);
            if (!sent) {
                droppedOutbound++;
            }
            return sent;
        }
    }

    @Override
    public int sendTogether(List<byte[]> frames) {
        int sent = 0;
        for (byte[] frame : frames) {
            if (send(frame)) {
                sent++;
            }
        }
        return sent;
    }

    @Override
    public boolean isUp() {
        synchronized (sending) {
            return up;
        }
    }

    @Override
    public long droppedOutbound() {
        synchronized (sending) {
            return droppedOutbound;
        }
    }

    @Override
    public String describe() {
        return "tap:" + name;
    }

    @Override
    public void close() {
        synchronized (sending) {
            if (closed) {
                return;
            }
            closed = true;
            up = false;
        }
        device.wakeReader();
        ThreadEnd.await(thread);
        device.close();
    }

    private void receive() {
        String reason = "closed";
        try {
            for (byte[] frame = device.read(); frame != null; frame = device.read()) {
                if (frame.length >= EthernetFrame.HEADER_BYTES) {
                    inbox.offer(frame);
                }
            }
        } catch (IOException e) {
            reason = e.getMessage();
        }
        synchronized (sending) {
            up = false;
        }
        LOG.info("uplink UP->DOWN peer={} reason={}", describe(), reason);
    }
}
