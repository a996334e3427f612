package io.sosia.appliance.image;

/// Where an image build tells how far it is. Called by the building thread only.
public interface BuildProgress {

    /// A step begins.
    ///
    /// @param what the step, as a short line
    void step(String what);

    /// Something the operator should know and need not act on.
    ///
    /// @param what one line
    void note(String what);

    /// A step of known length begins; it ends when the meter is closed.
    ///
    /// @param what the step, as a short line
    /// @param bytes its length, at least 1
    Meter meter(String what, long bytes);

    /// How far a step is.
    interface Meter extends AutoCloseable {

        /// @param bytes done so far, 0 to the step's length
        void at(long bytes);

        @Override
        void close();
    }
}
