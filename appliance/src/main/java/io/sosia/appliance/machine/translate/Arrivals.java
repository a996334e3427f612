package io.sosia.appliance.machine.translate;

/// Finished translations on their way to the machine's thread.
final class Arrivals {

    private Arrival last;
    /// Read without the lock: a quick look.
    private volatile boolean any;

    /// Whether there is anything to take.
    boolean any() {
        return any;
    }

    synchronized void add(Arrival arrival) {
        arrival.next = last;
        last = arrival;
        any = true;
    }

    /// All that have arrived, linked; null when none have.
    synchronized Arrival takeAll() {
        Arrival all = last;
        last = null;
        any = false;
        return all;
    }
}
