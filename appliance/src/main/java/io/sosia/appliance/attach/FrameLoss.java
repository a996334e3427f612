package io.sosia.appliance.attach;

import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;

/// Loses a share of the guest's frames, both ways, on purpose: the same seed and the same frames lose the same ones.
///
/// One thread uses it: the switch's.
public final class FrameLoss {
    private final double share;
    private final long station;
    private final SplittableRandom random;

    /// @param percent 0 to 100
    /// @param seed any
    /// @param guest the address whose frames may be lost; when empty, all frames
    public FrameLoss(double percent, long seed, Optional<MacAddress> guest) {
        if (!(percent >= 0 && percent <= 100)) {
            throw new IllegalArgumentException("share of frames to drop must be 0 to 100 percent, got " + percent);
        }
        this.share = percent / 100;
        this.station = Objects.requireNonNull(guest).map(MacAddress::bits).orElse(-1L);
        this.random = new SplittableRandom(seed);
    }

    /// Loses nothing.
    public static FrameLoss none() {
        return new FrameLoss(0, 0, Optional.empty());
    }

    /// Decides about the next frame, which has a whole Ethernet header.
    boolean loses(byte[] frame) {
        if (share == 0) {
            return false;
        }
        boolean concerned = station < 0
                || MacAddress.bitsAt(frame, EthernetFrame.DESTINATION) == station
                || MacAddress.bitsAt(frame, EthernetFrame.SOURCE) == station;
        return concerned && random.nextDouble() < share;
    }
}
