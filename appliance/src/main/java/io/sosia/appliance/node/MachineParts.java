package io.sosia.appliance.node;

import io.sosia.appliance.config.ConfigException;
import io.sosia.appliance.image.GuestImage;
import io.sosia.appliance.image.ImageFormatException;
import io.sosia.appliance.machine.BootImage;
import io.sosia.appliance.machine.BootImageException;
import io.sosia.appliance.machine.MachineSpec;
import io.sosia.appliance.machine.MachineSpec.Mac;
import io.sosia.appliance.node.NodeConfig.MachineSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/// The files a pair's machine is made from, read and checked.
///
/// @param image where kernel, initrd, disk and command line come from
/// @param ramBytes guest RAM
public record MachineParts(GuestImage image, long ramBytes) {

    /// Finds the files a configuration names.
    ///
    /// @throws ConfigException naming what is missing and the remedy
    public static MachineParts of(MachineSource source) throws ConfigException {
        try {
            GuestImage image = source.image().isPresent()
                    ? GuestImage.open(folder(source.image().get()))
                    : GuestImage.of(source.kernel().orElseThrow(), source.initrd(), source.disk(), "console=ttyS0");
            image.checkRam(source.ramBytes());
            String commandLine = (image.commandLine() + " " + source.append()).strip();
            return new MachineParts(new GuestImage(
                    image.kernel(), image.initrd(), image.disk(), commandLine, image.manifest()), source.ramBytes());
        } catch (ImageFormatException | IllegalArgumentException e) {
            throw new ConfigException("machine: " + e.getMessage());
        } catch (IOException e) {
            throw new ConfigException("machine: the image cannot be read: " + e.getMessage());
        }
    }

    private static Path folder(String image) throws ConfigException {
        if (!image.equals("default")) {
            return Path.of(image);
        }
        Path folder = GuestImage.defaultDirectory();
        if (!Files.isDirectory(folder)) {
            throw new ConfigException("machine: the default image has not been built yet; run `sosia image build`");
        }
        return folder;
    }

    /// The machine as it is built on both nodes.
    ///
    /// @param diskBytes capacity of the node's disk, 0 for none
    /// @throws ConfigException naming the file that cannot be used
    public MachineSpec spec(long diskBytes, Mac mac, boolean network) throws ConfigException {
        try {
            BootImage boot = BootImage.parse(image.kernel().toString(), BootContent.read(image.kernel()));
            ByteBuffer initrd = image.initrd().isPresent() ? BootContent.read(image.initrd().get()) : ByteBuffer.allocate(0);
            return new MachineSpec(ramBytes, diskBytes, network ? Optional.of(mac) : Optional.empty(), boot, initrd,
                    image.commandLine());
        } catch (IOException e) {
            throw new ConfigException("machine: cannot be read: " + e.getMessage());
        } catch (BootImageException | IllegalArgumentException e) {
            throw new ConfigException("machine: " + e.getMessage());
        }
    }

    /// SHA-256 of the disk image's bytes, in hex; `none` for a machine without a disk.
    public String diskContent() throws IOException {
        if (image.disk().isEmpty()) {
            return NodeHome.NO_DISK;
        }
        var part = image.manifest().flatMap(manifest -> manifest.disk());
        return part.isPresent() ? part.get().sha256() : sha256(image.disk().get());
    }

    /// Digest of everything that decides what the machine does, besides its disk: equal on both nodes of a pair.
    public static String digest(MachineSpec spec) {
        MessageDigest digest = sha256();
        digest.update(spec.boot().file().duplicate());
        digest.update(spec.initrd().duplicate());
        digest.update((spec.commandLine() + "\n" + spec.ramBytes() + "\n" + spec.diskBytes() + "\n" + spec.mac())
                .getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest.digest());
    }

    private static String sha256(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[1 << 20];
            for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
