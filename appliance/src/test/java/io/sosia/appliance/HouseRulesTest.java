package io.sosia.appliance;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Keeps the house in order: which room may know which, and which rooms are pure.
class HouseRulesTest {

    private static final String ROOT = "io.sosia.appliance.";
    private static JavaClasses classes;

    @BeforeAll
    static void read() {
        classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("io.sosia");
    }

    /// Each room with the rooms of the appliance it may import, beside itself.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            machine.state     |
            machine.port      |
            machine.bus       |
            machine.fpu       |
            machine.memory    | machine.state
            machine.isa       | machine.fpu machine.memory machine.port
            machine.mmu       | machine.memory machine.isa machine.state machine.bus machine.port
            machine.cpu       | machine.port machine.memory machine.isa machine.state machine.mmu machine.bus machine.fpu
            machine.exec      | machine.port machine.memory machine.isa machine.state machine.mmu machine.bus machine.fpu machine.cpu
            machine.translate | machine.port machine.memory machine.isa machine.state machine.mmu machine.bus machine.fpu machine.cpu machine.exec
            machine.device    | machine.port machine.memory machine.state machine.bus machine.cpu
            machine.virtio    | machine.port machine.memory machine.state machine.bus machine.cpu machine.device
            machine.sbi       | machine.port machine.memory machine.state machine.bus machine.cpu machine.device
            machine           | machine.port machine.memory machine.isa machine.state machine.mmu machine.bus machine.fpu machine.cpu machine.exec machine.device machine.virtio machine.sbi
            eventlog          | machine.port
            output            | machine.port eventlog
            lockstep          | machine.port machine.cpu eventlog
            clone             | machine.port eventlog
            verify            | machine.port eventlog
            pair              | machine.port eventlog output clone verify
            tls               |
            channel           | machine.port eventlog pair clone verify tls
            attach            |
            disk              | machine.port verify
            recording         | machine.port eventlog lockstep
            snapshot          | eventlog
            arbiter           |
            image             |
            config            |
            engine            | machine.cpu machine.exec machine.translate
            """)
    void importsOnlyWhatItMay(String room, String allowed) {
        List<String> may = new ArrayList<>();
        may.add(ROOT + room);
        if (allowed != null) {
            for (String other : allowed.trim().split("\\s+")) {
                may.add(ROOT + other);
            }
        }
        noClasses().that().resideInAPackage(ROOT + room)
                .should().dependOnClassesThat(new DescribedPredicate<>("lie in another room of the appliance") {
                    @Override
                    public boolean test(JavaClass other) {
                        return other.getPackageName().startsWith("io.sosia.appliance")
                                && !may.contains(other.getPackageName());
                    }
                })
                .check(classes);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        ROOT + "machine..", ROOT + "eventlog", ROOT + "lockstep", ROOT + "output", ROOT + "clone", ROOT + "verify", ROOT + "pair",
        "io.sosia.witness.claim"
    })
    void pureRoomsCallNothingOutside(String room) {
        noClasses().that().resideInAPackage(room)
                .should().dependOnClassesThat(new DescribedPredicate<>("reach a clock, a thread, chance or I/O") {
                    @Override
                    public boolean test(JavaClass other) {
                        String name = other.getName();
                        return name.startsWith("java.nio.file.") || name.startsWith("java.nio.channels.")
                                || name.startsWith("java.net.") || name.startsWith("java.time.")
                                || name.startsWith("java.util.concurrent.")
                                || name.startsWith("io.netty.") || name.startsWith("org.rocksdb.")
                                || name.startsWith("org.apache.ratis.") || name.startsWith("org.slf4j.")
                                || name.startsWith("java.util.Random") || name.startsWith("java.util.random.")
                                || name.startsWith("java.io.File") || name.equals("java.io.RandomAccessFile")
                                || List.of("java.lang.Thread", "java.security.SecureRandom",
                                        "java.util.HashMap", "java.util.HashSet", "java.util.IdentityHashMap",
                                        "java.lang.ProcessBuilder").contains(name);
                    }
                })
                .check(classes);
        noClasses().that().resideInAPackage(room)
                .should().callMethod(System.class, "nanoTime")
                .orShould().callMethod(System.class, "currentTimeMillis")
                .orShould().callMethod(System.class, "identityHashCode", Object.class)
                .orShould().callMethod(System.class, "getProperty", String.class)
                .orShould().callMethod(System.class, "getenv", String.class)
                .orShould().callMethod(Math.class, "random")
                .orShould().callMethod(java.util.UUID.class, "randomUUID")
                .orShould().accessField(System.class, "out")
                .orShould().accessField(System.class, "err")
                .check(classes);
    }

    @Test
    void witnessAndDisksyncKnowNeitherEachOtherNorTheAppliance() {
        noClasses().that().resideInAPackage("io.sosia.witness..")
                .should().dependOnClassesThat().resideInAnyPackage("io.sosia.appliance..", "io.sosia.disksync..").check(classes);
        noClasses().that().resideInAPackage("io.sosia.disksync..")
                .should().dependOnClassesThat().resideInAnyPackage("io.sosia.appliance..", "io.sosia.witness..").check(classes);
    }

    @Test
    void nothingBelowImportsTheCompositionRootOrTheCommands() {
        noClasses().that().resideOutsideOfPackages(ROOT + "cli..", ROOT + "node..", ROOT + "control..", ROOT + "demo..")
                .should().dependOnClassesThat().resideInAnyPackage(ROOT + "cli..", ROOT + "node..", ROOT + "control..", ROOT + "demo..")
                .check(classes);
        noClasses().that().resideInAPackage(ROOT + "node..")
                .should().dependOnClassesThat().resideInAnyPackage(ROOT + "cli..", ROOT + "control..").check(classes);
    }

    @Test
    void roomsDependOnEachOtherWithoutCycles() {
        slices().matching("io.sosia.(*)..").should().beFreeOfCycles().check(classes);
        slices().matching(ROOT + "(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void everyPackageStatesItsJob() throws IOException {
        List<String> silent = new ArrayList<>();
        for (String module : List.of("appliance", "disksync", "witness")) {
            Path sources = Path.of("..", module, "src", "main", "java");
            try (Stream<Path> files = Files.walk(sources)) {
                for (Path dir : files.filter(HouseRulesTest::holdsJava).toList()) {
                    Path info = dir.resolve("package-info.java");
                    if (!Files.exists(info) || !Files.readString(info).startsWith("/// ")) {
                        silent.add(dir.toString());
                    }
                }
            }
        }
        assertThat(silent).as("packages without a package-info.java that opens with their job").isEmpty();
    }

    private static boolean holdsJava(Path dir) {
        if (!Files.isDirectory(dir)) {
            return false;
        }
        try (Stream<Path> files = Files.list(dir)) {
            return files.anyMatch(file -> file.toString().endsWith(".java"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
