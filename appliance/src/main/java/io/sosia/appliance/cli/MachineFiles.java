package io.sosia.appliance.cli;

import io.sosia.appliance.engine.EngineKind;
import io.sosia.appliance.machine.BootImage;
import io.sosia.appliance.machine.BootImageException;
import io.sosia.appliance.machine.Machine;
import io.sosia.appliance.machine.MachineSpec;
import io.sosia.appliance.recording.RecordingHeader;
import java.nio.ByteBuffer;
import java.util.Optional;

/// A machine's hardware and what it boots, as `machine run` and `machine replay` both need it.
///
/// @param ramBytes    its RAM
/// @param diskBytes   its disk's size, 0 for none
/// @param macBits     its network card's address, 0 for none
/// @param commandLine of the kernel
/// @param program     kernel or ELF
/// @param initrd      initial RAM disk, if any
record MachineFiles(
        long ramBytes, long diskBytes, long macBits, String commandLine, BootFile program, Optional<BootFile> initrd) {

    /// Builds the machine, switched off.
    ///
    /// @param engine what executes its instructions
    /// @throws CliException (bad input) when the program cannot be started, does not fit, or the host lacks the memory
    Machine build(EngineKind engine) {
        try {
            MachineSpec spec = new MachineSpec(ramBytes, diskBytes,
                    macBits == 0 ? Optional.empty() : Optional.of(new MachineSpec.Mac(macBits)),
                    BootImage.parse(program.path().toString(), program.content()),
                    initrd.map(BootFile::content).orElse(ByteBuffer.allocate(0)), commandLine);
            return new Machine(spec, engine.factory());
        } catch (BootImageException | IllegalArgumentException e) {
            throw new CliException(CliException.BAD_INPUT, e.getMessage(), e);
        } catch (OutOfMemoryError e) {
            throw new CliException(CliException.BAD_INPUT, "no room for RAM of " + (ramBytes >> 20) + " MiB: " + e.getMessage()
                    + "; take less with --ram, or give this host more memory", e);
        }
    }

    /// Has the hashes computed meanwhile that a recording names the files by.
    void beginHashes() {
        program.beginHash();
        initrd.ifPresent(BootFile::beginHash);
    }

    /// What a recording says of it.
    RecordingHeader header() {
        return new RecordingHeader(
                ramBytes, diskBytes, macBits, commandLine, program.recorded(), initrd.map(BootFile::recorded));
    }
}
