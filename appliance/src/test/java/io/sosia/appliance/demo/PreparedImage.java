package io.sosia.appliance.demo;

import io.sosia.appliance.image.BuildProgress;
import io.sosia.appliance.image.GuestImage;
import io.sosia.appliance.image.ImageBuildException;
import io.sosia.appliance.image.ImageBuilder;
import java.io.IOException;
import java.util.Optional;

/// The default guest image, built when it is not there yet.
final class PreparedImage {

    private PreparedImage() {}

    static void provide() throws IOException, ImageBuildException {
        new ImageBuilder(new Silence()).build(new ImageBuilder.Request(GuestImage.defaultDirectory(), false,
                Optional.empty()));
    }

    private static final class Silence implements BuildProgress {
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
}
