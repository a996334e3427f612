package io.sosia.appliance.image;

/// Says nothing.
public final class QuietProgress implements BuildProgress {

    @Override
    public void step(String what) {}

    @Override
    public void note(String what) {}

    @Override
    public Meter meter(String what, long bytes) {
        return new Meter() {
            @Override
            public void at(long done) {}

            @Override
            public void close() {}
        };
    }
}
