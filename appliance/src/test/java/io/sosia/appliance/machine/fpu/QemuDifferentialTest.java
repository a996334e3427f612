package io.sosia.appliance.machine.fpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every operation against QEMU, which shares no code with ours: same registers in, same register and flags out.
///
/// Each execution runs twice, with no flag accrued and with inexact accrued: those take different paths. Options:
/// `-Dsosia.fpu.records=N` executions per operation (20000), `-Dsosia.fpu.seed=N`.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QemuDifferentialTest {
    private static final long RECORDS = Long.getLong("sosia.fpu.records", 20_000);
    private static final long SEED = Long.getLong("sosia.fpu.seed", 20_240_411);
    private static final int BATCH_MAX = 500_000;

    private QemuOracle oracle;

    @BeforeAll
    void buildOracle(@TempDir Path directory) throws IOException, InterruptedException {
        oracle = QemuOracle.build(directory);
    }

    @ParameterizedTest
    @EnumSource
    void agreesWithQemu(FpOperation operation) throws IOException, InterruptedException {
        FpOperands operands = new FpOperands(SEED + operation.ordinal());
        for (long done = 0; done < RECORDS; done += BATCH_MAX) {
            int records = (int) Math.min(BATCH_MAX, RECORDS - done);
            byte[] requests = requests(operation, operands, records);
            compare(operation, ByteBuffer.wrap(requests).order(ByteOrder.LITTLE_ENDIAN),
                    ByteBuffer.wrap(oracle.ask(requests)).order(ByteOrder.LITTLE_ENDIAN));
        }
    }

    private static byte[] requests(FpOperation operation, FpOperands operands, int records) {
        ByteBuffer requests = ByteBuffer.allocate(records * QemuOracle.REQUEST_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        long[] abc = new long[3];
        while (requests.hasRemaining()) {
            operands.fill(operation.kind, abc);
            requests.putInt(operation.ordinal()).putInt(operands.roundingMode());
            requests.putLong(abc[0]).putLong(abc[1]).putLong(abc[2]);
        }
        return requests.array();
    }

    private static void compare(FpOperation operation, ByteBuffer requests, ByteBuffer answers) {
        FpFlags fresh = new FpFlags();
        FpFlags inexact = new FpFlags();
        while (requests.hasRemaining()) {
            assertThat(requests.getInt()).isEqualTo(operation.ordinal());
            int rm = requests.getInt();
            long a = requests.getLong();
            long b = requests.getLong();
            long c = requests.getLong();
            long result = answers.getLong();
            int flags = (int) answers.getLong();
            fresh.bits = 0;
            inexact.bits = FpFlags.NX;
            long ours = operation.execute(a, b, c, rm, fresh);
            long oursInexact = operation.execute(a, b, c, rm, inexact);
            if (ours != result || fresh.bits != flags || oursInexact != result
                    || inexact.bits != (flags | FpFlags.NX)) {
                throw new AssertionError(String.format(
                        "%s rm=%d a=%016x b=%016x c=%016x: expected %016x flags %02x, got %016x flags %02x, "
                                + "with NX accrued %016x flags %02x; seed %d, rerun with -Dsosia.fpu.seed=%d "
                                + "-Dsosia.fpu.records=%d",
                        operation, rm, a, b, c, result, flags, ours, fresh.bits, oursInexact, inexact.bits, SEED,
                        SEED, RECORDS));
            }
        }
    }
}
