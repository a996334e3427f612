package io.sosia.appliance.verify;

import io.sosia.appliance.eventlog.LogPosition;

/// A block in which the two disks differed.
///
/// @param at      where in the log
/// @param extent  number of its extent
/// @param offset  of the block on the disk, in bytes
/// @param length  of the block, in bytes
/// @param side    whose disk had the wrong bytes
/// @param outcome what became of it
/// @param reason  of [Outcome#NOT_REPAIRED], in a line; else empty
public record Finding(LogPosition at, long extent, long offset, int length, Side side, Outcome outcome, String reason) {

    /// What became of a difference.
    public enum Outcome {
        /// It is being repaired.
        OPEN("being repaired"),
        /// Both disks hold the same bytes again, as a second comparison has shown.
        REPAIRED("repaired"),
        /// It was left as it is, as was asked.
        LEFT("left as it is"),
        /// It could not be repaired.
        NOT_REPAIRED("not repaired");

        private final String word;

        Outcome(String word) {
            this.word = word;
        }

        /// As an operator reads it.
        public String word() {
            return word;
        }
    }

    Finding with(Outcome next, String why) {
        return new Finding(at, extent, offset, length, side, next, why);
    }

    /// One line for a history: where, whose, and what became of it.
    public String text() {
        String wrong = switch (side) {
            case UNKNOWN -> "whose was wrong is not known";
            case BOTH -> "neither holds what both held before";
            case PRIMARY, BACKUP -> "the " + side.word() + "'s was wrong";
        };
        String became = switch (outcome) {
            case REPAIRED -> "repaired from the " + source();
            case NOT_REPAIRED -> "not repaired: " + reason;
            case OPEN, LEFT -> outcome.word();
        };
        return "the two disks " + (side == Side.BOTH ? "have changed by themselves" : "differed") + " in extent " + extent + ", " + length + " bytes at " + offset + ", log position " + at
                + ": " + wrong + "; " + became;
    }

    /// Whose bytes a repair takes.
    String source() {
        return (side == Side.PRIMARY ? Side.BACKUP : Side.PRIMARY).word();
    }
}
