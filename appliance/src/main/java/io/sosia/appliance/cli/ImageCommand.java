package io.sosia.appliance.cli;

import io.sosia.appliance.image.GuestImage;
import io.sosia.appliance.image.ImageBuildException;
import io.sosia.appliance.image.ImageBuilder;
import io.sosia.appliance.image.ImageManifest;
import io.sosia.appliance.image.ImagePackage;
import io.sosia.appliance.image.ImagePart;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `sosia image`: builds the guest image and tells what is in it. Exit status 0 on success, 1 with one line on standard
/// error when the image cannot be built or read, 2 on bad usage.
@Command(
        name = "image",
        description = "Build the guest image, or tell what is in it.",
        mixinStandardHelpOptions = true,
        subcommands = {ImageCommand.Build.class, ImageCommand.Info.class})
public final class ImageCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    /// Without a subcommand there is nothing to do: says so.
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "image: name a subcommand, build or info");
    }

    /// `sosia image build`.
    @Command(
            name = "build",
            description = "Build the Debian guest image, without root, from the mirror of this host's apt.",
            mixinStandardHelpOptions = true)
    static final class Build implements Callable<Integer> {

        @Spec
        private CommandSpec spec;

        @Option(names = "--dir", paramLabel = "DIR",
                description = "Where the image goes (default: the cache directory).")
        private Path directory;

        @Option(names = "--force", description = "Build although the image is there.")
        private boolean force;

        @Option(
                names = "--mirror",
                paramLabel = "URI",
                description = "Debian mirror to use instead of the host's, such as scheme://host/debian.")
        private String mirror;

        @Override
        public Integer call() {
            ImageBuilder.Request request;
            try {
                request = new ImageBuilder.Request(
                        Optional.ofNullable(directory).orElseGet(GuestImage::defaultDirectory),
                        force,
                        Optional.ofNullable(mirror));
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), "--mirror: " + e.getMessage(), e);
            }
            try {
                boolean terminal = System.console() != null && System.console().isTerminal();
                new ImageBuilder(new ConsoleProgress(System.err, terminal)).build(request);
                spec.commandLine().getOut().println(request.directory());
                return 0;
            } catch (ImageBuildException | IOException e) {
                return fail(spec, e);
            }
        }
    }

    /// `sosia image info`.
    @Command(name = "info", description = "Tell what is in an image.", mixinStandardHelpOptions = true)
    static final class Info implements Callable<Integer> {

        @Spec
        private CommandSpec spec;

        @Option(names = "--dir", paramLabel = "DIR",
                description = "The image (default: the one in the cache directory).")
        private Path directory;

        @Option(names = "--verify", description = "Read every part and compare its SHA-256.")
        private boolean verify;

        @Override
        public Integer call() {
            Path place = Optional.ofNullable(directory).orElseGet(GuestImage::defaultDirectory);
            try {
                GuestImage image = GuestImage.open(place);
                if (verify) {
                    image.verify();
                }
                print(place, image.manifest().orElseThrow());
                return 0;
            } catch (IOException e) {
                return fail(spec, e);
            }
        }

        private void print(Path place, ImageManifest manifest) {
            PrintWriter out = spec.commandLine().getOut();
            out.println("directory     " + place);
            out.println("debian        " + (manifest.release().isEmpty() ? "-" : manifest.release()));
            out.println("command line  " + manifest.commandLine());
            print(out, "kernel", Optional.of(manifest.kernel()));
            print(out, "initrd", manifest.initrd());
            print(out, "disk", manifest.disk());
            for (ImagePackage each : manifest.packages()) {
                out.println("package       " + each.name() + " " + each.version());
            }
            if (verify) {
                out.println("verified      all parts are what the manifest says");
            }
            out.flush();
        }

        private static void print(PrintWriter out, String name, Optional<ImagePart> part) {
            part.ifPresent(each -> out.printf("%-13s %s, %d bytes, sha256 %s%n", name, each.file(), each.bytes(),
                    each.sha256()));
        }
    }

    private static int fail(CommandSpec spec, Exception e) {
        String what = switch (e) {
            case FileSystemException file -> file.getFile() + ": "
                    + (file.getReason() == null ? file.getClass().getSimpleName() : file.getReason());
            default -> e.getMessage();
        };
        spec.commandLine().getErr().println("sosia image: " + what);
        spec.commandLine().getErr().flush();
        return 1;
    }
}
