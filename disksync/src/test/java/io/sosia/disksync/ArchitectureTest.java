package io.sosia.disksync;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private final JavaClasses code = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.sosia.disksync");

    @Test
    void importsNothingOfTheOtherModules() {
        noClasses().should().dependOnClassesThat().resideInAnyPackage("io.sosia.witness..", "io.sosia.appliance..")
                .check(code);
    }

    @Test
    void measuresAndMapsArePure() {
        classes().that().resideInAPackage("io.sosia.disksync.block").should().onlyDependOnClassesThat()
                .resideInAnyPackage("io.sosia.disksync.block", "java.lang", "java.lang.invoke", "java.lang.runtime",
                        "java.nio", "java.util", "java.util.function", "java.util.stream").check(code);
        noClasses().that().resideInAnyPackage("io.sosia.disksync.block", "io.sosia.disksync.resync").should()
                .dependOnClassesThat()
                .haveNameMatching("java\\.lang\\.(Thread|System|ProcessHandle)|java\\.util\\.(Random|HashMap|HashSet)")
                .check(code);
        noClasses().that().resideInAnyPackage("io.sosia.disksync.block", "io.sosia.disksync.resync").should()
                .callMethod(java.util.UUID.class, "randomUUID").check(code);
    }

    @Test
    void decidingWhatToCopyIsPure() {
        classes().that().resideInAPackage("io.sosia.disksync.resync").should().onlyDependOnClassesThat()
                .resideInAnyPackage("io.sosia.disksync.block", "io.sosia.disksync.resync", "java.lang", "java.lang.invoke",
                        "java.lang.runtime", "java.util", "java.util.function", "java.util.stream").check(code);
    }

    @Test
    void arrowsPointOneWay() {
        noClasses().that().resideInAnyPackage("io.sosia.disksync.store", "io.sosia.disksync.block").should()
                .dependOnClassesThat().resideInAnyPackage("io.sosia.disksync.resync", "io.sosia.disksync.wire",
                        "io.sosia.disksync.service").check(code);
        noClasses().that().resideInAPackage("io.sosia.disksync.wire").should()
                .dependOnClassesThat().resideInAnyPackage("io.sosia.disksync.store", "io.sosia.disksync.service").check(code);
    }

    @Test
    void nativeCallsAreInOneFile() {
        noClasses().that().haveNameNotMatching(".*\\.LinuxFile(\\$.*)?").should().dependOnClassesThat()
                .resideInAPackage("java.lang.foreign..").check(code);
    }
}
