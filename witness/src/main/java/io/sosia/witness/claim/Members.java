package io.sosia.witness.claim;

import java.util.Objects;

/// The two nodes of a pair, in the order of their names.
///
/// @param first the smaller name
/// @param second the greater name
public record Members(NodeName first, NodeName second) {
    /// @throws IllegalArgumentException when the names are equal or out of order; see `of`
    public Members {
        Objects.requireNonNull(first, "first member");
        Objects.requireNonNull(second, "second member");
        if (first.compareTo(second) >= 0) {
            throw new IllegalArgumentException(
                    "members " + first + " and " + second + " are not two different names in order");
        }
    }

    /// The pair of these two nodes, named in any order.
    ///
    /// @throws IllegalArgumentException when both are the same
    public static Members of(NodeName one, NodeName other) {
        return one.compareTo(other) < 0 ? new Members(one, other) : new Members(other, one);
    }

    /// Whether the node belongs to the pair.
    public boolean has(NodeName node) {
        return first.equals(node) || second.equals(node);
    }

    /// The partner of a member.
    ///
    /// @throws IllegalArgumentException when the node is no member
    public NodeName partnerOf(NodeName node) {
        if (first.equals(node)) {
            return second;
        }
        if (second.equals(node)) {
            return first;
        }
        throw new IllegalArgumentException(node + " is neither " + first + " nor " + second);
    }
}
