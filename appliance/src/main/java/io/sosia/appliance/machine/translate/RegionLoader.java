package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.fpu.Float64;
import io.sosia.appliance.machine.isa.Arithmetic;
import io.sosia.appliance.machine.memory.NativeMemory;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.util.List;
import sun.misc.Unsafe;

/// Defines one machine's copy of [GuestAccess] and, beside it, the machine's regions.
///
/// Regions are hidden classes: the JVM unloads one as soon as nobody holds it.
public final class RegionLoader extends ClassLoader {

    private static final String ACCESS = GuestAccess.class.getName();
    private static final String FLOATS = GuestFloats.class.getName();

    /// Classes that regions call. They are looked up beforehand: code compiled before that is thrown away at the first call.
    private static final List<Class<?>> CALLED = List.of(Region.class, Arithmetic.class, Float64.class, NativeMemory.class, Long.class,
            Math.class, Unsafe.class);

    /// For the initializer of the copy being made.
    private static Handover beingMade;

    private final MethodHandles.Lookup besideAccess;

    RegionLoader(Handover handover) {
        super("guest", RegionLoader.class.getClassLoader());
        synchronized (RegionLoader.class) {
            beingMade = handover;
            try {
                Class<?> access = define(ACCESS);
                Class.forName(FLOATS, true, define(FLOATS).getClassLoader());
                besideAccess = (MethodHandles.Lookup) access.getMethod("lookup").invoke(null);
                for (Class<?> each : CALLED) {
                    Class.forName(each.getName(), true, this);
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

    /// Makes a region of the bytes of its class.
    Region define(byte[] classFile) {
        try {
            return (Region) besideAccess.defineHiddenClass(classFile, true).lookupClass().getConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a region cannot be defined", e);
        }
    }
}
