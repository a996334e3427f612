package io.sosia.witness.claim;

import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// What the witness holds of one pair. Replaced whole, never edited.
///
/// @param pairId the pair
/// @param members its two nodes
/// @param epoch counts the changes of who may be live
/// @param owner the member that is, or may go, live in this epoch
/// @param state what is promised
/// @param inSync the incarnations that hold the machine's state, by node name. PROTECTED: both members. SOLO: the
///     owner, or nobody while the owner has yet to boot (birth, operator's word). STOPPED: as before the stop
/// @param lastChange the command that wrote this record
public record PairRecord(
        PairId pairId,
        Members members,
        long epoch,
        NodeName owner,
        PairState state,
        SortedMap<NodeName, Incarnation> inSync,
        ClaimCommand lastChange) {

    /// @throws IllegalArgumentException when the values do not fit together
    public PairRecord {
        Objects.requireNonNull(pairId, "pair id");
        Objects.requireNonNull(members, "members");
        Objects.requireNonNull(owner, "owner");
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(lastChange, "last change");
        Epoch.check(epoch);
        inSync = Collections.unmodifiableSortedMap(new TreeMap<>(inSync));
        if (!members.has(owner)) {
            throw new IllegalArgumentException("owner " + owner + " is no member of pair " + pairId);
        }
        for (NodeName node : inSync.keySet()) {
            if (!members.has(node)) {
                throw new IllegalArgumentException(node + " is in sync but no member of pair " + pairId);
            }
        }
        boolean ownerAloneAtMost = inSync.isEmpty() || inSync.size() == 1 && inSync.containsKey(owner);
        boolean fits = switch (state) {
            case SOLO -> ownerAloneAtMost;
            case PROTECTED -> inSync.size() == 2;
            case STOPPED -> inSync.containsKey(owner);
        };
        if (!fits) {
            throw new IllegalArgumentException("state " + state + " of pair " + pairId + " owned by " + owner
                    + " does not go with in-sync members " + inSync.keySet());
        }
        if (!lastChange.pairId().equals(pairId)) {
            throw new IllegalArgumentException(
                    "pair " + pairId + " was last changed by a command for pair " + lastChange.pairId());
        }
    }

    /// The nonce of the command that wrote this record.
    public Nonce nonce() {
        return lastChange.nonce();
    }

    /// The incarnation of the node that holds the machine's state, if the record names one.
    public Optional<Incarnation> incarnationOf(NodeName node) {
        return Optional.ofNullable(inSync.get(node));
    }

    /// Whether the record names this very incarnation as holding the machine's state.
    public boolean namesInSync(NodeName node, Incarnation incarnation) {
        return incarnation.equals(inSync.get(node));
    }

    /// What a command that is to replace this record must expect.
    ///
    /// @throws IllegalArgumentException in the last epoch of all
    public Expected asExpected() {
        return new Expected(epoch, state);
    }

    /// One line for people: `epoch=5 state=SOLO owner=a in-sync=[a=...]`.
    public String summary() {
        StringBuilder line = new StringBuilder("epoch=" + epoch + " state=" + state + " owner=" + owner + " in-sync=[");
        String gap = "";
        for (Map.Entry<NodeName, Incarnation> member : inSync.entrySet()) {
            line.append(gap).append(member.getKey()).append('=').append(member.getValue());
            gap = " ";
        }
        return line.append(']').toString();
    }
}
