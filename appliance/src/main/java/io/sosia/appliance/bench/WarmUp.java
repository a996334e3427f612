package io.sosia.appliance.bench;

/// How often something is done before it is measured: until it gets no faster, since an engine that translates is quick only once it has.
final class WarmUp {

    /// Most runs, however much faster each still is.
    static final int RUNS_MAX = 20;

    private static final int PATIENCE = 2;
    private static final double FASTER = 0.97;

    private double best = Double.MAX_VALUE;
    private int runs;
    private int runsSinceBest;

    /// Whether the next run is still one of these.
    boolean goesOn() {
        return runs < RUNS_MAX && runsSinceBest < PATIENCE;
    }

    /// Tells what the last one took.
    void took(double seconds) {
        runs++;
        if (seconds < best * FASTER) {
            best = seconds;
            runsSinceBest = 0;
        } else {
            runsSinceBest++;
        }
    }
}
