package io.sosia.appliance.bench;

/// How often something is done before it is measured: until it gets no faster, since an engine that translates is quick only once it has.
final class WarmUp {

    /// Most runs, however much faster each still is.
    static final int RUNS_MAX = 60;

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
        took(seconds, false);
    }

    /// Tells what the last one took.
    ///
    /// @param unsettled whether code was compiled beside it, or soon will be: then the next one may be faster, even if this was not
    void took(double seconds, boolean unsettled) {
        runs++;
        boolean faster = seconds < best * FASTER;
        if (faster) {
            best = seconds;
        }
        runsSinceBest = faster || unsettled ? 0 : runsSinceBest + 1;
    }
}
