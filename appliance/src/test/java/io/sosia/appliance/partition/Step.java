package io.sosia.appliance.partition;

/// What a row does to the pair, or waits for. Places are roles at the beginning of the row: who was the primary then is called so
/// to its end.
sealed interface Step {

    /// A party.
    enum Place { PRIMARY, BACKUP, ARBITER }

    /// `kill -9`; a shared directory is no longer there for anybody.
    record Kill(Place place) implements Step {}

    /// Both nodes at the same instant.
    record PowerLoss() implements Step {}

    /// Starts it again, unless it runs.
    record Start(Place place) implements Step {}

    /// Nothing passes this way any more.
    record Cut(Place from, Place to) implements Step {}

    /// Everything passes again between two.
    record Heal(Place one, Place other) implements Step {}

    /// The arbiter forgets everything, and goes on.
    record LoseStorage() implements Step {}

    /// An operator's word: `sosia pair override` or `reinit`, with this node as the owner.
    record Order(String command, Place owner) implements Step {}

    /// No more room where a node keeps its state.
    record FillDisk(Place node) implements Step {}

    /// Room again.
    record EmptyDisk(Place node) implements Step {}

    /// Whatever it writes to a file is refused by its host, though there is room.
    record RefuseWrites(Place place) implements Step {}

    /// Files can be written again.
    record TakeWrites(Place place) implements Step {}

    /// A node's state, as a regular expression.
    record Await(Place node, String state) implements Step {}

    /// A node tells its operator whether the arbiter can be reached.
    record AwaitAlarm(Place node, boolean raised) implements Step {}

    /// The primary holds the backup's renunciation, or has given it back.
    record AwaitRenunciation(boolean held) implements Step {}

    /// The arbiter's record says that this node goes on alone, whatever the node knows of it.
    record AwaitGrant(Place node) implements Step {}

    /// The arbiter's record says PROTECTED, in a later epoch than the row began with.
    record AwaitProtection() implements Step {}

    /// The guest has been told of a disk error, and has told the outside.
    record AwaitDiskError() implements Step {}

    /// A node has said something since the row began.
    record AwaitWords(Place node, String expression) implements Step {}

    /// From here on the machine may begin without its memory.
    record NewRun() implements Step {}

    /// Whether it does something; the others wait.
    default boolean changes() {
        return switch (this) {
            case Kill _, PowerLoss _, Start _, Cut _, Heal _, LoseStorage _, Order _, FillDisk _, EmptyDisk _,
                    RefuseWrites _, TakeWrites _ -> true;
            case Await _, AwaitAlarm _, AwaitRenunciation _, AwaitGrant _, AwaitProtection _, AwaitDiskError _, AwaitWords _, NewRun _ ->
                    false;
        };
    }
}
