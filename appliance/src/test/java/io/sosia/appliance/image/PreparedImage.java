package io.sosia.appliance.image;

import java.io.IOException;
import java.util.Optional;

/// The default guest image, built when it is not there yet.
public final class PreparedImage {

    private PreparedImage() {}

    public static GuestImage provide() throws IOException, ImageBuildException {
        return new ImageBuilder(new QuietProgress())
                .build(new ImageBuilder.Request(GuestImage.defaultDirectory(), false, Optional.empty()));
    }
}
