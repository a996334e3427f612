package io.sosia.appliance.demo;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// Tells the onlooker what happens, each line with the seconds since the beginning.
///
/// Threads: any; a line is printed whole.
public final class Narrator {

    private static final String DIM = "\u001b[2m";
    private static final String PLAIN = "\u001b[0m";

    private final PrintStream out;
    private final boolean colours;
    private final boolean verbose;
    private final long startedNanos = System.nanoTime();
    private boolean muted;

    /// @param colours whether `out` is a terminal
    /// @param verbose whether to show the guest's console too
    public Narrator(PrintStream out, boolean colours, boolean verbose) {
        this.out = out;
        this.colours = colours;
        this.verbose = verbose;
    }

    /// One line of progress.
    public synchronized void say(String line) {
        if (!muted) {
            out.printf(Locale.ROOT, "[%6.1f s] %s%n", secondsSoFar(), line);
        }
    }

    /// What the guest wrote on its console.
    public synchronized void console(String text) {
        if (verbose && !muted) {
            out.print(colours ? DIM + text + PLAIN : text);
            out.flush();
        }
    }

    /// Text as it is, for the report.
    public synchronized void print(String text) {
        if (!muted) {
            out.print(text);
            out.flush();
        }
    }

    /// Says nothing from now on: the operator has ended the demo.
    public synchronized void mute() {
        muted = true;
    }

    /// Whether [#mute] was called.
    public synchronized boolean isMuted() {
        return muted;
    }

    /// Seconds since the beginning.
    public double secondsSoFar() {
        return (System.nanoTime() - startedNanos) / (double) TimeUnit.SECONDS.toNanos(1);
    }
}
