package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.fpu.Float64;
import io.sosia.appliance.machine.isa.Arithmetic;
import io.sosia.appliance.machine.memory.NativeMemory;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import sun.misc.Unsafe;

/// Defines one machine's copy of [GuestAccess], and the loaders below it that define the machine's regions: a [Batch] each.
public final class RegionLoader extends ClassLoader {

    private static final String ACCESS = GuestAccess.class.getName();
    private static final String FLOATS = GuestFloats.class.getName();

    /// Classes that regions call, beside the machine's own.
    private static final List<Class<?>> CALLED = List.of(Region.class, JumpTargets.class, Arithmetic.class, Float64.class,
            NativeMemory.class, Long.class, Math.class, Unsafe.class);

    /// For the initializer of the copy being made.
    private static Handover beingMade;

    private final List<Class<?>> called = new ArrayList<>(CALLED);
    private final String mark;
    private final int batchSize;
    private Batch batch;

    /// @param batchSize regions in a batch
    RegionLoader(Handover handover, int batchSize) {
        super("guest", RegionLoader.class.getClassLoader());
        // Seldom at the same place in two processes.
        mark = Long.toHexString(handover.hart.ram().address());
        this.batchSize = batchSize;
        synchronized (RegionLoader.class) {
            beingMade = handover;
            try {
                for (String each : List.of(ACCESS, FLOATS)) {
                    called.add(Class.forName(each, true, define(each).getClassLoader()));
                }
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            } finally {
                beingMade = null;
            }
        }
    }

    private Class<?> define(String name) {
        try (InputStream in = RegionLoader.class.getResourceAsStream(name.substring(name.lastIndexOf('.') + 1) + ".class")) {
            byte[] bytes = in.readAllBytes();
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What the copy of [GuestAccess] being initialized belongs to.
    public static Handover handover() {
        return beingMade;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (name.equals(ACCESS) || name.equals(FLOATS)) {
            return findLoadedClass(name);
        }
        return super.loadClass(name, resolve);
    }

    /// The batch that the next region belongs to.
    Batch batch() {
        if (batch == null || batch.isFull()) {
            try {
                batch = new Batch(this, called, mark, batchSize);
            } catch (ClassNotFoundException e) {
                throw new IllegalStateException(e);
            }
        }
        return batch;
    }
}
