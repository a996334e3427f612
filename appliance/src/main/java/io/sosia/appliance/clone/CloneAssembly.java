package io.sosia.appliance.clone;

import io.sosia.appliance.machine.port.MachineImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/// Builds a machine from the parts a primary sends. Mirror of [MemorySender]; belongs to the machine's thread. Blocks of the
/// disk are not its business.
public final class CloneAssembly {

    /// Longest state taken, in bytes.
    static final int STATE_BYTES_MAX = 64 << 20;

    private final MachineImage image;
    private final ByteArrayOutputStream state = new ByteArrayOutputStream();
    private boolean complete;

    /// @param image of a machine just built
    public CloneAssembly(MachineImage image) {
        this.image = image;
    }

    /// Puts pages where they belong.
    ///
    /// @throws IOException when one does not exist
    public void take(ClonePart.Pages part) throws IOException {
        requireIncomplete();
        int at = 0;
        for (int page : part.pages()) {
            int number = page < 0 ? ~page : page;
            if (number >= image.pages()) {
                throw new IOException("page " + number + " of a machine with " + image.pages());
            }
            if (page < 0) {
                image.putZero(number);
            } else {
                image.put(number, part.bytes(), at);
                at += MachineImage.PAGE_BYTES;
            }
        }
    }

    /// Keeps a piece of the state.
    ///
    /// @throws IOException when it grows beyond what any machine has
    public void take(ClonePart.State part) throws IOException {
        requireIncomplete();
        if (state.size() + part.bytes().length > STATE_BYTES_MAX) {
            throw new IOException("machine state of more than " + STATE_BYTES_MAX + " bytes");
        }
        state.writeBytes(part.bytes());
    }

    /// Completes the machine.
    ///
    /// @throws IOException when the state is not whole or not of such a machine
    public void take(ClonePart.Cut cut) throws IOException {
        requireIncomplete();
        if (state.size() != cut.stateBytes()) {
            throw new IOException("machine state of " + state.size() + " bytes, expected " + cut.stateBytes());
        }
        complete = true;
        image.restore(state.toByteArray());
    }

    private void requireIncomplete() throws IOException {
        if (complete) {
            throw new IOException("the clone goes on after its cut");
        }
    }
}
