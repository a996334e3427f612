package io.sosia.appliance.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigFileTest {

    @TempDir
    private Path dir;

    private ConfigFile file(String text) throws Exception {
        return ConfigFile.read(Files.writeString(dir.resolve("node.yaml"), text));
    }

    @Test
    void readsValuesOfSections() throws Exception {
        ConfigFile file = file("""
                node: a
                partner: {name: b, address: "10.0.0.2:7701"}
                witness: ["w:1", "w:2"]
                state: data/a
                lag: 100
                """);

        assertThat(file.text("node", "a")).isEqualTo("a");
        assertThat(file.address("partner.address", "h:1").getPort()).isEqualTo(7701);
        assertThat(file.text("partner.name", "b")).isEqualTo("b");
        assertThat(file.addresses("witness", "h:1")).hasSize(2);
        assertThat(file.pathOf("state", "x")).isEqualTo(dir.resolve("data/a"));
        assertThat(file.number("lag", 5, 1, 1000)).isEqualTo(100);
        assertThat(file.number("silence", 5, 1, 1000)).isEqualTo(5);
        file.checkAllUsed();
    }

    @Test
    void namesFileKeyAndRemedyOfWhatIsWrong() throws Exception {
        ConfigFile file = file("node: a\nlisten: nowhere\nlag: many\nbackupReads: often\n");

        assertThatThrownBy(() -> file.text("pair", "demo")).isInstanceOf(ConfigException.class)
                .hasMessageContaining("node.yaml").hasMessageContaining("pair").hasMessageContaining("`pair: demo`");
        assertThatThrownBy(() -> file.address("listen", "0.0.0.0:7701")).hasMessageContaining("listen is `nowhere`")
                .hasMessageContaining("0.0.0.0:7701");
        assertThatThrownBy(() -> file.number("lag", 1, 1, 9)).hasMessageContaining("from 1 to 9");
        assertThatThrownBy(() -> file.choice("backupReads", "local", List.of("local", "logged")))
                .hasMessageContaining("local, logged");
    }

    @Test
    void takesOffForAWordAndNotForFalse() throws Exception {
        ConfigFile file = file("tls: off\nscrub: off\n");

        assertThat(file.pathOrOff("tls", Path.of("tls"))).isEmpty();
        assertThat(file.pathOrOff("other", Path.of("tls"))).contains(dir.resolve("tls"));
        assertThat(file.text("scrub", "7d")).isEqualTo("off");
    }

    @Test
    void findsMisspeltKeys() throws Exception {
        ConfigFile file = file("node: a\npartner: {nmae: b}\n");
        file.text("node", "a");
        file.textOptional("partner.name");

        assertThatThrownBy(file::checkAllUsed).hasMessageContaining("partner.nmae is not a key");
    }

    @Test
    void saysWhereBrokenYamlIsBroken() {
        assertThatThrownBy(() -> file("node: a\n  pair: [")).isInstanceOf(ConfigException.class)
                .hasMessageContaining("node.yaml:").hasMessageContaining("not valid YAML");
        assertThatThrownBy(() -> file("just words")).isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> ConfigFile.read(dir.resolve("absent.yaml"))).hasMessageContaining("no such file");
    }
}
