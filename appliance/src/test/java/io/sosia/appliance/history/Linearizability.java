package io.sosia.appliance.history;

import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// Whether the operations on one number can be put in an order that explains all answers and in which none comes before another that
/// was answered before it was asked (linearizability: Herlihy and Wing, 1990).
///
/// The search is that of Wing and Gong (1993), with Lowe's memory of what has been tried (2017): a set of operations done and the
/// number they led to are looked at once.
public final class Linearizability {

    private final List<Operation> answered;
    private final List<Operation> unanswered;
    private final long first;
    private final Set<Place> tried = new HashSet<>();
    private int furthest;

    private Linearizability(List<Operation> history, long first) {
        this.answered = history.stream().filter(each -> each.answer().isPresent())
                .sorted(Comparator.comparingLong(Operation::invoked)).toList();
        this.unanswered = history.stream().filter(each -> each.answer().isEmpty())
                .sorted(Comparator.comparingLong(Operation::invoked)).toList();
        this.first = first;
    }

    /// A place in the search.
    ///
    /// @param from   all answered operations before this one have been done
    /// @param beyond those done from there on, counted from `from`
    /// @param silent unanswered operations done
    /// @param number what they led to
    private record Place(int from, BitSet beyond, BitSet silent, long number) {
        boolean isDone(int operation) {
            return operation < from || beyond.get(operation - from);
        }

        int done() {
            return from + beyond.cardinality();
        }

        Place after(int operation, long number) {
            BitSet with = (BitSet) beyond.clone();
            with.set(operation - from);
            int done = with.nextClearBit(0);
            return new Place(from + done, with.get(done, Math.max(done, with.length())), silent, number);
        }

        Place afterSilent(int operation, long number) {
            BitSet with = (BitSet) silent.clone();
            with.set(operation);
            return new Place(from, beyond, with, number);
        }
    }

    /// Looks for such an order.
    ///
    /// @param history in any order; those of one client must not overlap
    /// @param first   the number before all of them
    /// @return why there is none; empty when there is one
    public static Optional<String> objection(List<Operation> history, long first) {
        return new Linearizability(history, first).search();
    }

    private Optional<String> search() {
        Deque<Place> open = new ArrayDeque<>();
        open.push(new Place(0, new BitSet(), new BitSet(), first));
        while (!open.isEmpty()) {
            Place place = open.pop();
            if (!tried.add(place)) {
                continue;
            }
            furthest = Math.max(furthest, place.done());
            if (place.from() == answered.size()) {
                return Optional.empty();
            }
            step(place, open);
        }
        return Optional.of(explanation());
    }

    /// Pushes every place one operation further: one that was asked before the first answer still to come.
    private void step(Place place, Deque<Place> open) {
        long until = Operation.NEVER;
        for (int i = place.from(); i < answered.size() && answered.get(i).invoked() <= until; i++) {
            if (!place.isDone(i)) {
                until = Math.min(until, answered.get(i).returned());
            }
        }
        // Those without an answer are tried last: the stack gives back first what came last.
        for (int i = 0; i < unanswered.size() && unanswered.get(i).invoked() <= until; i++) {
            long next = unanswered.get(i).ask().next(place.number());
            // One that changes nothing explains nothing.
            if (!place.silent().get(i) && next != place.number()) {
                open.push(place.afterSilent(i, next));
            }
        }
        for (int i = place.from(); i < answered.size() && answered.get(i).invoked() <= until; i++) {
            Operation operation = answered.get(i);
            if (!place.isDone(i) && operation.ask().answer(place.number()) == operation.answer().getAsLong()) {
                open.push(place.after(i, operation.ask().next(place.number())));
            }
        }
    }

    private String explanation() {
        List<Place> deepest = tried.stream().filter(place -> place.done() == furthest).limit(3).toList();
        StringBuilder text = new StringBuilder("no order explains more than " + furthest + " of " + answered.size()
                + " answers. Wherever that leads, none of the next fits:");
        for (Place place : deepest) {
            text.append("\n  number ").append(place.number()).append(", then one of:");
            Stream.concat(
                    answered.subList(place.from(), Math.min(answered.size(), place.from() + 8)).stream(),
                    unanswered.stream()).forEach(each -> text.append("\n    ").append(each));
        }
        return text.toString();
    }
}
