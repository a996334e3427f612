package io.sosia.appliance.node;

/// How a snapshot that is being saved stands, for an operator.
///
/// @param id          names this save
/// @param folder      what it becomes
/// @param phase       `waiting` for a moment, `machine`, `disk`, `done` or `failed`
/// @param position    place in the log, as `EPOCH/SEQ`; empty until it is known
/// @param step        the machine's steps there
/// @param doneBytes   of `totalBytes`, dealt with so far
/// @param totalBytes  RAM and disk
/// @param stateBytes  length of the machine's file, once it is written
/// @param pauseMillis how long this backup's replay stood still for it
/// @param error       why it failed, in one line; empty otherwise
public record SnapshotStatus(String id, String folder, String phase, String position, long step, long doneBytes,
        long totalBytes, long stateBytes, double pauseMillis, String error) {

    /// Whether nothing more happens.
    public boolean over() {
        return phase.equals("done") || phase.equals("failed");
    }
}
