package io.sosia.appliance.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class EngineKindTest {

    @ParameterizedTest
    @EnumSource
    void isReadAsItIsWritten(EngineKind kind) {
        assertThat(EngineKind.parse(kind.word())).isEqualTo(kind);
        assertThat(kind.factory()).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"jit", "Auto", ""})
    void anUnknownNameIsRefusedWithTheChoices(String text) {
        assertThatThrownBy(() -> EngineKind.parse(text)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("`" + text + "` is no engine; there are: interpreter, translator, auto");
    }

    @Test
    void autoIsDecidedBeforeItRuns() {
        assertThat(EngineKind.AUTO.decided()).isNotEqualTo(EngineKind.AUTO);
        assertThat(EngineKind.INTERPRETER.decided()).isEqualTo(EngineKind.INTERPRETER);
        assertThat(EngineKind.TRANSLATOR.decided()).isEqualTo(EngineKind.TRANSLATOR);
    }
}
