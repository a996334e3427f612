package io.sosia.appliance.machine.translate;

import io.sosia.appliance.machine.cpu.Hart;
import io.sosia.appliance.machine.exec.Engine;

/// A translator that translates nearly all it sees, at once: for tests, where programs are short.
public final class EagerTranslator {

    private static final short HEAT_MAX = 2;
    private static final long PEAK_STEPS = 200;
    private static final int REGIONS_MAX = 1000;

    private EagerTranslator() {}

    public static Engine on(Hart hart) {
        return translator(hart);
    }

    static Translator translator(Hart hart) {
        return translator(hart, REGIONS_MAX);
    }

    static Translator translator(Hart hart, int regionsMax) {
        return new Translator(hart, TranslationQueue.AT_ONCE, HEAT_MAX, PEAK_STEPS, regionsMax);
    }
}
