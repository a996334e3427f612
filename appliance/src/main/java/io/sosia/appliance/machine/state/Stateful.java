package io.sosia.appliance.machine.state;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// A part of the machine with state of its own. What it saves is all that decides its future: it goes into snapshots and into
/// the digest, so it must be the same on both sides at the same step, whatever caches hold.
public interface Stateful {

    /// Writes the state; the same state gives the same bytes.
    void save(DataOutput out) throws IOException;

    /// Reads what [#save] wrote into this part, built with the same configuration.
    ///
    /// @throws BadStateException when the bytes are not such a state; the part is then unusable
    void load(DataInput in) throws IOException;
}
