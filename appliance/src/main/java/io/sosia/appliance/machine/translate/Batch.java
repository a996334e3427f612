package io.sosia.appliance.machine.translate;

import java.util.Arrays;
import java.util.List;

/// Regions that were translated one after the other: their classes have a loader in common, and the JVM unloads them together.
///
/// Each with a loader of its own, what the JVM looks at to call them would lie a kilobyte or more apart, all at the same distance from
/// the kilobyte's beginning: in few of the sets that the host's caches have. In return, one region in use keeps the classes of all.
final class Batch extends ClassLoader {

    /// A dispatcher is worth its making when this part of the regions is there, and again when they are half as many more.
    private static final int DISPATCHED_PART = 4;
    /// Calls by which the JVM has compiled a method, if it is told to do so at the first ones.
    private static final int CALLS = 30;
    /// The same for a dispatcher, which the launcher has compiled after 300 or more: a table of jumps comes of it only when all its regions
    /// have been called before, as often.
    private static final int DISPATCHER_CALLS = 1024;
    /// Where there is no region yet: a dispatcher's way there is called before, too.
    private static final Region NOTHING = new Region() {
        @Override
        public int run(long base, int left, long tables) {
            return left;
        }
    };

    private final String mark;
    private final Region[] regions;
    private int count;
    /// How many the dispatcher knows.
    private int dispatched;
    private volatile Dispatcher dispatcher;
    private volatile boolean full;

    /// Number among those in use, or negative; how many of its regions are; and steps executed in them when that was last looked at. These
    /// are the machine's thread's. What is above is the translating one's, and a region is the other's to call when it has been handed over
    /// ([Arrivals]).
    int number = -1;
    int inUse;
    long stepsBefore;

    /// @param called classes that regions call. They are looked up beforehand: code compiled before that is thrown away at the first call
    /// @param mark   of this process: a class that has the name and the bytes of one in the JVM's AOT cache would be that one, which
    ///               remembers to have been compiled and never is again
    /// @param size   regions it has room for
    Batch(ClassLoader parent, List<Class<?>> called, String mark, int size) throws ClassNotFoundException {
        super(parent);
        this.mark = mark;
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

    /// How the simple name of the next region's class ends.
    String name() {
        return count + "_" + mark;
    }

    /// Makes a region of the bytes of its class, and has the JVM compile it on this thread, if it does so in the foreground.
    Region define(byte[] classFile) {
        Region region;
        try {
            region = (Region) type(classFile).getField(RegionCompiler.ONLY).get(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a region cannot be defined", e);
        }
        for (int i = 0; i < CALLS; i++) {
            region.run(0, -1, 0);
        }
        region.batch = this;
        region.place = count;
        regions[count++] = region;
        full = count == regions.length;
        return region;
    }

    /// Makes a better dispatcher, if that is worth it.
    ///
    /// @param idle whether there is nothing else to do
    void improve(boolean idle) {
        if (!full && !(idle && count >= Math.max(regions.length / DISPATCHED_PART, dispatched + dispatched / 2))) {
            return;
        }
        Dispatcher made;
        try {
            byte[] classFile = DispatcherCompiler.compile(name(), Arrays.asList(regions).subList(0, count));
            made = (Dispatcher) type(classFile).getConstructor(Region[].class).newInstance((Object) regions);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a dispatcher cannot be defined", e);
        }
        int places = full ? count : count + 1;
        Arrays.fill(regions, count, places, NOTHING);
        for (int i = 0; i < DISPATCHER_CALLS; i++) {
            made.run(0, -1, 0, i % places);
        }
        Arrays.fill(regions, count, places, null);
        dispatcher = made;
        dispatched = count;
    }

    private Class<?> type(byte[] classFile) {
        return defineClass(null, classFile, 0, classFile.length);
    }
}
