package io.sosia.appliance.machine.translate;

import java.util.Arrays;
import java.util.List;

/// Regions that were translated one after the other: their classes have a loader in common, and the JVM unloads them together.
///
/// Each with a loader of its own, what the JVM looks at to call them would lie a kilobyte or more apart, all at the same distance from
/// the kilobyte's beginning: in few of the sets that the host's caches have.
final class Batch extends ClassLoader {

    /// When so many of its regions are there, a part of its size, a dispatcher is worth its making; and again when they are half as many more.
    private static final int DISPATCHED_PART = 4;
    /// Calls by which the JVM has compiled a method, if it is told to do so at the first ones.
    private static final int CALLS = 30;
    /// The same for a dispatcher: a table of jumps comes of it only when its regions have all been called as often.
    private static final int DISPATCHER_CALLS = 512;

    private final Region[] regions;
    private int count;
    /// How many the dispatcher knows.
    private int dispatched;
    private volatile Dispatcher dispatcher;
    private volatile boolean full;

    /// Number among those in use, or negative; how many of its regions are; and steps executed in them when that was last looked at. These
    /// are the machine's thread's, all else is the translating one's.
    int number = -1;
    int inUse;
    long stepsBefore;

    /// @param called classes that regions call. They are looked up beforehand: code compiled before that is thrown away at the first call
    /// @param size   regions it has room for
    Batch(ClassLoader parent, List<Class<?>> called, int size) throws ClassNotFoundException {
        super(parent);
        regions = new Region[size];
        dispatcher = new Dispatcher(regions);
        for (Class<?> each : called) {
            Class.forName(each.getName(), true, this);
        }
    }

    /// Whether no more regions come.
    boolean isFull() {
        return full;
    }

    /// What calls its regions best by now.
    Dispatcher dispatcher() {
        return dispatcher;
    }

    /// Where the next region will be.
    int place() {
        return count;
    }

    /// Makes a region of the bytes of its class, and has the JVM compile it on this thread, if it does so in the foreground.
    Region define(byte[] classFile) {
        try {
            Class<?> type = defineClass(null, classFile, 0, classFile.length);
            Region region = (Region) type.getField(RegionCompiler.ONLY).get(null);
            for (int i = 0; i < CALLS; i++) {
                region.run(0, -1, 0);
            }
            region.batch = this;
            region.place = count;
            regions[count++] = region;
            full = count == regions.length;
            return region;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a region cannot be defined", e);
        }
    }

    /// Makes a better dispatcher, if that is worth it.
    ///
    /// @param idle whether there is nothing else to do
    void improve(boolean idle) {
        if (full || idle && count >= Math.max(regions.length / DISPATCHED_PART, dispatched + dispatched / 2)) {
            byte[] classFile = DispatcherCompiler.compile(Arrays.asList(regions).subList(0, count));
            try {
                Class<?> type = defineClass(null, classFile, 0, classFile.length);
                Dispatcher made = (Dispatcher) type.getConstructor(Region[].class).newInstance((Object) regions);
                for (int i = 0; i < DISPATCHER_CALLS; i++) {
                    made.run(0, -1, 0, i % count);
                }
                dispatcher = made;
                dispatched = count;
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("a dispatcher cannot be defined", e);
            }
        }
    }
}
