package io.sosia.witness.identity;

import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Whom a certificate names: its one URI among the subject's alternative names (RFC 5280, 4.2.1.6). An address proves nothing here,
/// this name does.
public sealed interface Identity {

    /// A node of a pair.
    record OfNode(PairId pairId, NodeName node) implements Identity {
        public OfNode {
            Objects.requireNonNull(pairId, "pair id");
            Objects.requireNonNull(node, "node");
        }

        @Override
        public String uri() {
            return "urn:sosia:pair:" + pairId + ":node:" + node;
        }

        @Override
        public String toString() {
            return "node " + node + " of pair " + pairId;
        }
    }

    /// A member of the witness, by its name. A member's id in its group begins with it, see [#owns].
    record OfWitness(NodeName name) implements Identity {
        public OfWitness {
            Objects.requireNonNull(name, "name");
        }

        /// Whether this member may bear that id in the group: its name, `-` and the part that is new with each storage.
        public boolean owns(String memberId) {
            int dash = memberId.lastIndexOf('-');
            return dash > 0 && memberId.substring(0, dash).equals(name.value());
        }

        @Override
        public String uri() {
            return "urn:sosia:witness:" + name;
        }

        @Override
        public String toString() {
            return "witness " + name;
        }
    }

    /// The text that stands in the certificate.
    String uri();

    /// Reads what [#uri] wrote.
    ///
    /// @throws IllegalArgumentException when it is none
    static Identity parse(String uri) {
        Matcher node = Form.NODE.matcher(uri);
        if (node.matches()) {
            return new OfNode(PairId.parse(node.group(1)), new NodeName(node.group(2)));
        }
        Matcher witness = Form.WITNESS.matcher(uri);
        if (witness.matches()) {
            return new OfWitness(new NodeName(witness.group(1)));
        }
        throw new IllegalArgumentException("`" + uri + "` names no node and no witness");
    }

    /// Whom this certificate names; whether to believe it is another question.
    ///
    /// @throws CertificateException when it names nobody, or more than one
    static Identity of(X509Certificate certificate) throws CertificateException {
        List<String> uris = new ArrayList<>();
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        if (names != null) {
            for (List<?> name : names) {
                if (name.getFirst().equals(Form.URI_TYPE)) {
                    uris.add((String) name.get(1));
                }
            }
        }
        if (uris.size() != 1) {
            throw new CertificateException("the certificate of " + certificate.getSubjectX500Principal() + " has " + uris.size()
                    + " URIs among its names, expected one");
        }
        try {
            return parse(uris.getFirst());
        } catch (IllegalArgumentException e) {
            throw new CertificateException(e.getMessage(), e);
        }
    }

    /// How the names are written.
    final class Form {
        private static final Integer URI_TYPE = 6;
        private static final Pattern NODE = Pattern.compile("urn:sosia:pair:([0-9a-f-]{36}):node:([^:]+)");
        private static final Pattern WITNESS = Pattern.compile("urn:sosia:witness:([^:]+)");

        private Form() {}
    }
}
