package io.sosia.appliance.history;

import static io.sosia.appliance.history.Operation.answered;
import static io.sosia.appliance.history.Operation.unanswered;
import static org.assertj.core.api.Assertions.assertThat;

import io.sosia.appliance.history.Operation.Ask;
import io.sosia.appliance.history.Operation.CompareAndSet;
import io.sosia.appliance.history.Operation.Get;
import io.sosia.appliance.history.Operation.Increment;
import io.sosia.appliance.history.Operation.Set;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LinearizabilityTest {

    private static boolean linearizable(Operation... history) {
        return Linearizability.objection(List.of(history), 0).isEmpty();
    }

    @Test
    void answersInTheOrderTheyWereAskedForAreExplained() {
        assertThat(linearizable()).isTrue();
        assertThat(linearizable(
                answered(1, new Set(5), 0, 1, 0),
                answered(1, new Get(), 2, 3, 5),
                answered(2, new Increment(), 4, 5, 6),
                answered(1, new CompareAndSet(6, 9), 6, 7, 1),
                answered(1, new CompareAndSet(6, 7), 8, 9, 0),
                answered(2, new Get(), 10, 11, 9))).isTrue();
    }

    @Test
    void whoReadsDuringAWriteMaySeeItOrNot() {
        assertThat(linearizable(answered(1, new Set(5), 0, 9, 0), answered(2, new Get(), 1, 2, 0), answered(2, new Get(), 3, 4, 5)))
                .isTrue();
        assertThat(linearizable(answered(1, new Set(5), 0, 9, 0), answered(2, new Get(), 1, 2, 5), answered(2, new Get(), 3, 4, 0)))
                .as("seen, then not any more").isFalse();
    }

    @Test
    void anAnsweredWriteThatIsGoneLaterIsNotExplained() {
        assertThat(linearizable(answered(1, new Set(5), 0, 1, 0), answered(2, new Get(), 2, 3, 0))).isFalse();
        assertThat(linearizable(answered(1, new Increment(), 0, 1, 1), answered(1, new Increment(), 2, 3, 1))).isFalse();
    }

    @Test
    void anIncrementMadeTwiceIsNotExplained() {
        assertThat(linearizable(answered(1, new Increment(), 0, 1, 1), answered(1, new Increment(), 2, 3, 3))).isFalse();
        assertThat(linearizable(answered(1, new Increment(), 0, 5, 2), answered(2, new Increment(), 0, 5, 2))).isFalse();
        assertThat(linearizable(answered(1, new Increment(), 0, 5, 2), answered(2, new Increment(), 0, 5, 1))).isTrue();
    }

    @Test
    void twoThatSucceedInReplacingTheSameNumberAreNotExplained() {
        assertThat(linearizable(answered(1, new CompareAndSet(0, 7), 0, 5, 1), answered(2, new CompareAndSet(0, 8), 0, 5, 1))).isFalse();
        assertThat(linearizable(answered(1, new CompareAndSet(0, 7), 0, 5, 1), answered(2, new CompareAndSet(0, 8), 0, 5, 0))).isTrue();
    }

    @Test
    void withoutAnAnswerItMayHaveBeenDoneAtAnyLaterTimeOrNever() {
        Operation silent = unanswered(1, new Set(5), 10);
        assertThat(linearizable(silent)).isTrue();
        assertThat(linearizable(silent, answered(2, new Get(), 20, 21, 0), answered(2, new Get(), 30, 31, 0))).isTrue();
        assertThat(linearizable(silent, answered(2, new Get(), 20, 21, 0), answered(2, new Get(), 30, 31, 5))).isTrue();
        assertThat(linearizable(silent, answered(2, new Get(), 20, 21, 5), answered(2, new Get(), 30, 31, 0))).as("undone").isFalse();
        assertThat(linearizable(silent, answered(2, new Get(), 1, 2, 5))).as("before it was asked for").isFalse();
        assertThat(linearizable(unanswered(1, new Increment(), 0), answered(2, new Get(), 1, 2, 2))).as("done twice").isFalse();
    }

    @Test
    void objectionNamesWhatDoesNotFit() {
        assertThat(Linearizability.objection(List.of(answered(1, new Set(5), 0, 1, 0), answered(2, new Get(), 2, 3, 4)), 0))
                .hasValueSatisfying(why -> assertThat(why).contains("1 of 2").contains("number 5").contains("Get"));
    }

    /// A real register, asked by several clients whose operations take effect somewhere between asking and answer.
    private static List<Operation> honest(Random random, int clients, int count, double silentShare) {
        List<Operation> history = new ArrayList<>();
        long[] free = new long[clients];
        long number = 0;
        for (long effect = 10; history.size() < count; effect += 1 + random.nextInt(3)) {
            int client = random.nextInt(clients);
            if (free[client] >= effect) {
                continue;
            }
            long invoked = free[client] + 1 + random.nextLong(effect - free[client]);
            long returned = effect + random.nextInt(12);
            Ask ask = ask(random);
            if (random.nextDouble() < silentShare) {
                history.add(unanswered(client, ask, invoked));
                if (random.nextBoolean()) {
                    continue;
                }
            } else {
                history.add(answered(client, ask, invoked, returned, ask.answer(number)));
            }
            number = ask.next(number);
            free[client] = returned;
        }
        return history;
    }

    private static Ask ask(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> new Get();
            case 1 -> new Set(random.nextInt(4));
            case 2 -> new Increment();
            default -> new CompareAndSet(random.nextInt(4), random.nextInt(4));
        };
    }

    @Test
    void whatARealRegisterAnswersIsAlwaysExplained() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            List<Operation> history = honest(random, 5, 200, seed % 3 == 0 ? 0.05 : 0);
            assertThat(Linearizability.objection(history, 0)).as("seed %d", seed).isEmpty();
        }
    }

    @Test
    void longHistoryIsNoMatter() {
        assertThat(Linearizability.objection(honest(new Random(1), 8, 20_000, 0.0005), 0)).isEmpty();
    }

    /// Tries every order.
    private static boolean bruteForce(List<Operation> left, long number) {
        if (left.stream().allMatch(each -> each.answer().isEmpty())) {
            return true;
        }
        for (int i = 0; i < left.size(); i++) {
            Operation next = left.get(i);
            boolean first = left.stream().noneMatch(other -> other.returned() < next.invoked());
            boolean fits = next.answer().isEmpty() || next.answer().getAsLong() == next.ask().answer(number);
            if (first && fits) {
                List<Operation> rest = new ArrayList<>(left);
                rest.remove(i);
                if (bruteForce(rest, next.ask().next(number))) {
                    return true;
                }
            }
        }
        return false;
    }

    @Test
    void agreesWithTryingEveryOrderOnSmallHistoriesThatMayBeWrong() {
        int wrong = 0;
        for (int seed = 0; seed < 3_000; seed++) {
            Random random = new Random(seed);
            List<Operation> history = honest(random, 3, 7, 0.2);
            int changed = random.nextInt(history.size());
            Operation old = history.get(changed);
            if (old.answer().isPresent()) {
                history.set(changed, answered(old.client(), old.ask(), old.invoked(), old.returned(), random.nextInt(4)));
            }
            boolean expected = bruteForce(history, 0);
            wrong += expected ? 0 : 1;
            assertThat(Linearizability.objection(history, 0).isEmpty()).as("seed %d: %s", seed, history).isEqualTo(expected);
        }
        assertThat(wrong).as("histories that are wrong").isGreaterThan(300);
    }
}
