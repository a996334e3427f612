package io.sosia.appliance.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.tls.Tls;
import io.sosia.witness.claim.NodeName;
import io.sosia.witness.claim.PairId;
import io.sosia.witness.identity.Identity;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class CertsCommandTest {

    private static final UUID PAIR = new UUID(7, 7);

    @TempDir
    private Path folder;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int execute(String... arguments) {
        CommandLine line = Sosia.commandLine();
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        return line.execute(arguments);
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    @Test
    void issuesForNodesAndWitnessesAndRenewsThem() throws Exception {
        assertThat(execute("certs", "init", path("ca"))).as("%s", err).isZero();
        assertThat(execute("certs", "issue", "--authority", path("ca"), "--node", "a", "--pair", PAIR.toString(), "--to", path("a"),
                "--days", "10")).as("%s", err).isZero();
        assertThat(execute("certs", "issue", "--authority", path("ca"), "--witness", "w1", "--to", path("w1"))).isZero();
        Tls a = Tls.open(folder.resolve("a"));
        assertThat(a.identity()).isEqualTo(new Identity.OfNode(new PairId(PAIR), new NodeName("a")));
        assertThat(Duration.between(Instant.now(), a.validUntil()).toHours()).isBetween(239L, 240L);
        assertThat(Tls.open(folder.resolve("w1")).identity()).isEqualTo(new Identity.OfWitness(new NodeName("w1")));
        String before = Files.readString(folder.resolve("a/identity.pem"));

        assertThat(execute("certs", "renew", "--authority", path("ca"), path("a"), path("w1"))).as("%s", err).isZero();

        assertThat(Files.readString(folder.resolve("a/identity.pem"))).isNotEqualTo(before);
        Tls renewed = Tls.open(folder.resolve("a"));
        assertThat(renewed.identity()).isEqualTo(a.identity());
        assertThat(Duration.between(Instant.now(), renewed.validUntil()).toDays()).isBetween(729L, 730L);
    }

    @Test
    void aNodeStaysInItsPairWhenIssuedAnewWithoutOne() throws Exception {
        execute("certs", "init", path("authority"));
        execute("certs", "issue", "--node", "a", "--pair", PAIR.toString(), "--to", path("a"));
        assertThat(execute("certs", "issue", "--node", "a", "--to", path("a"))).as("%s", err).isZero();
        assertThat(Tls.open(folder.resolve("a")).identity()).isEqualTo(new Identity.OfNode(new PairId(PAIR), new NodeName("a")));

        assertThat(execute("certs", "issue", "--node", "b", "--to", path("a"))).isEqualTo(CliException.FAILED);
        assertThat(err.toString()).contains("holds the key and certificate of node a");
    }

    @Test
    void renewsOnlyWhatTheAuthorityHasIssued() throws Exception {
        execute("certs", "init", path("ca"));
        execute("certs", "init", path("forged"));
        execute("certs", "issue", "--authority", path("forged"), "--node", "a", "--pair", PAIR.toString(), "--to", path("a"));
        execute("certs", "issue", "--authority", path("ca"), "--node", "b", "--to", path("b"));
        Files.copy(folder.resolve("b/trusted.pem"), folder.resolve("a/trusted.pem"), StandardCopyOption.REPLACE_EXISTING);
        String before = Files.readString(folder.resolve("a/identity.pem"));

        assertThat(execute("certs", "renew", "--authority", path("ca"), path("a"))).isEqualTo(CliException.FAILED);
        assertThat(err.toString()).contains("was not issued by this authority").contains("sosia certs issue");
        assertThat(folder.resolve("a/identity.pem")).hasContent(before);
    }

    @Test
    void looksForTheAuthorityBesideTheMember() {
        assertThat(execute("certs", "init", path("authority"))).isZero();
        assertThat(execute("certs", "issue", "--node", "a", "--to", path("a"))).as("%s", err).isZero();
        assertThat(out.toString()).containsPattern("node a of pair [0-9a-f-]{36}: certificate in .*, good until ");
    }

    @Test
    void saysWhatIsWrong() {
        assertThat(execute("certs", "issue", "--node", "a", "--to", path("a"))).isEqualTo(CliException.FAILED);
        assertThat(err.toString()).contains("no authority is in").contains("sosia certs init");
        assertThat(execute("certs", "issue", "--to", path("a"))).isEqualTo(CliException.BAD_INPUT);
        assertThat(execute("certs", "issue", "--node", "A!", "--to", path("a"))).isEqualTo(CliException.BAD_INPUT);
        assertThat(execute("certs", "issue", "--node", "a", "--days", "0", "--to", path("a"))).isEqualTo(CliException.BAD_INPUT);
        assertThat(execute("certs", "issue", "--witness", "w", "--pair", PAIR.toString(), "--to", path("w")))
                .isEqualTo(CliException.BAD_INPUT);
        assertThat(execute("certs", "renew", path("a"))).isEqualTo(CliException.FAILED);
        assertThat(folder.resolve("a")).doesNotExist();
    }
}
