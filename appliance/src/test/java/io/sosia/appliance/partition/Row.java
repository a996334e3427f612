package io.sosia.appliance.partition;

import io.sosia.appliance.partition.Step.Place;
import java.util.List;
import java.util.Optional;

/// A row of the matrix: what happens to a PROTECTED pair, what must come of it, how it is healed, and what must come of that.
///
/// @param fault   in words
/// @param steps   that make it happen
/// @param outcome one of these, and nothing else
/// @param healing steps
/// @param healed  one of these
/// @param witnessOnly whether a shared directory cannot be cut so
record Row(String fault, List<Step> steps, List<Outcome> outcome, List<Step> healing, List<Outcome> healed,
        boolean witnessOnly) {

    /// Where the nodes stand.
    ///
    /// @param primary state of the one that was the primary when the row began, as a regular expression; `DEAD` without a process
    /// @param backup  of the other
    /// @param serves  who answers the outside, alone; empty for nobody
    record Outcome(String primary, String backup, Optional<Place> serves) {}
}
