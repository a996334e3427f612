package io.sosia.appliance.cli;

import io.sosia.appliance.engine.EngineKind;
import java.util.Optional;
import picocli.CommandLine.Option;

/// `--engine`, alike wherever a machine runs.
final class EngineOption {

    @Option(
            names = "--engine",
            paramLabel = "interpreter|translator|auto",
            converter = KindConverter.class,
            description = "What executes the guest's instructions (default: auto). Never part of what is recorded: any "
                    + "run replays with any engine.")
    private EngineKind kind;

    static final class KindConverter implements NetworkCommand.Converter<EngineKind> {
        @Override
        public EngineKind parse(String text) {
            return EngineKind.parse(text);
        }
    }

    /// The one named, if one was.
    Optional<EngineKind> named() {
        return Optional.ofNullable(kind);
    }

    /// The one named, or the default.
    EngineKind kind() {
        return named().orElse(EngineKind.AUTO);
    }
}
