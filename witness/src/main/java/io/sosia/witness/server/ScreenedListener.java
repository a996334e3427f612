package io.sosia.witness.server;

import java.util.function.Predicate;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;

/// Passes on the messages of one call until one of them does not fit; nothing of the call after that.
final class ScreenedListener<Q> extends SimpleForwardingServerCallListener<Q> {
    private final Predicate<Q> fits;
    private final Runnable refuse;
    private boolean refused;

    /// @param refuse ends the call
    ScreenedListener(ServerCall.Listener<Q> next, Predicate<Q> fits, Runnable refuse) {
        super(next);
        this.fits = fits;
        this.refuse = refuse;
    }

    @Override
    public void onMessage(Q message) {
        if (refused) {
            return;
        }
        if (fits.test(message)) {
            super.onMessage(message);
        } else {
            refused = true;
            refuse.run();
        }
    }

    @Override
    public void onHalfClose() {
        if (!refused) {
            super.onHalfClose();
        }
    }
}
