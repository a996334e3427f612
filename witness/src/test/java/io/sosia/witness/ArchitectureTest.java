package io.sosia.witness;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final JavaClasses WITNESS = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.sosia.witness");

    @Test
    void claimIsPure() {
        classes()
                .that()
                .resideInAPackage("io.sosia.witness.claim")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("io.sosia.witness.claim", "java.lang", "java.lang.runtime", "java.util",
                        "java.util.function", "java.lang.invoke")
                .check(WITNESS);
        noClasses()
                .that()
                .resideInAPackage("io.sosia.witness.claim")
                .should()
                .dependOnClassesThat()
                .haveNameMatching("java\\.lang\\.Thread.*"
                        + "|java\\.util\\.(Random|HashMap|HashSet|IdentityHashMap|Timer).*")
                .orShould()
                .callMethod(UUID.class, "randomUUID")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "identityHashCode", Object.class)
                .check(WITNESS);
    }

    @Test
    void wireKnowsOfClaimOnly() {
        classes()
                .that()
                .resideInAPackage("io.sosia.witness.wire")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("io.sosia.witness.claim", "io.sosia.witness.wire", "java..")
                .check(WITNESS);
    }

    @Test
    void clientAndServerDoNotKnowEachOther() {
        noClasses()
                .that()
                .resideInAPackage("io.sosia.witness.client")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.sosia.witness.server")
                .check(WITNESS);
        noClasses()
                .that()
                .resideInAPackage("io.sosia.witness.server")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.sosia.witness.client")
                .check(WITNESS);
    }

    @Test
    void importsNoOtherModule() {
        noClasses()
                .that()
                .resideInAPackage("io.sosia.witness..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.sosia.appliance..", "io.sosia.disksync..")
                .check(WITNESS);
    }
}
