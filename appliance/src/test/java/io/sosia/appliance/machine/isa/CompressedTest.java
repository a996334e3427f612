package io.sosia.appliance.machine.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The expansion of every 16-bit instruction, read by the GNU disassembler: both must have the same text.
class CompressedTest {

    private static final Path OBJDUMP = Path.of("/usr/bin/riscv64-linux-gnu-objdump");
    private static final Pattern LINE = Pattern.compile(" *([0-9a-f]+):\t[0-9a-f]+ *\t([^#<]*).*");

    private static final Pattern ADD_TO_ZERO = Pattern.compile("^add\t(\\w+),zero,(\\w+)$");
    private static final Pattern ADD_OF_ZERO = Pattern.compile("add\t(\\w+),\\1,0");

    @Test
    void everyExpansionReadsLikeItsOriginal(@TempDir Path dir) throws IOException, InterruptedException {
        assumeThat(OBJDUMP).as("binutils-riscv64-linux-gnu is installed").exists();
        ByteBuffer original = ByteBuffer.allocate(1 << 18).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer expanded = ByteBuffer.allocate(1 << 18).order(ByteOrder.LITTLE_ENDIAN);
        for (int c = 0; c < 1 << 16; c++) {
            boolean compressed = (c & 3) != 3;
            // Filled up with c.nop, so that branch targets come out the same.
            original.putShort((short) (compressed ? c : 1)).putShort((short) 1);
            expanded.putInt(compressed ? Compressed.expand(c) : 1 << 16 | 1);
        }
        Map<Integer, String> expected = disassemble(dir.resolve("original"), original);
        Map<Integer, String> got = disassemble(dir.resolve("expanded"), expanded);
        List<String> different = new ArrayList<>();
        int compared = 0;
        for (int c = 0; c < 1 << 16; c++) {
            String text = expected.get(4 * c);
            if ((c & 3) == 3 || hint(c, text)) {
                continue;
            }
            String expansion = Compressed.expand(c) == Compressed.ILLEGAL ? ".2byte" : got.get(4 * c);
            if (!normal(expansion).equals(normal(text))) {
                different.add("0x%04x: %s, expected %s".formatted(c, expansion, text));
            }
            compared++;
        }
        assertThat(different).isEmpty();
        assertThat(compared).isGreaterThan(48_000);
    }

    /// Encodings that do nothing (hints), which the disassembler names in ways of its own; and `c.addi16sp sp, 0`, which it
    /// takes for an instruction though it is reserved.
    private static boolean hint(int c, String text) {
        return text.startsWith("c.") || c == 0x6101 || ADD_OF_ZERO.matcher(text).matches();
    }

    private static String normal(String text) {
        if (text.startsWith(".2byte") || text.startsWith("unimp")) {
            return "illegal";
        }
        return ADD_TO_ZERO.matcher(text).replaceFirst("mv\t$1,$2");
    }

    private static Map<Integer, String> disassemble(Path file, ByteBuffer code) throws IOException, InterruptedException {
        Files.write(file, code.array());
        Path text = file.resolveSibling(file.getFileName() + ".txt");
        Process process = new ProcessBuilder(OBJDUMP.toString(), "-z", "-D", "-b", "binary", "-m", "riscv:rv64", file.toString())
                .redirectOutput(text.toFile()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        assertThat(process.waitFor()).isZero();
        Map<Integer, String> lines = new TreeMap<>();
        for (String line : Files.readAllLines(text)) {
            Matcher match = LINE.matcher(line);
            if (match.matches()) {
                lines.put(Integer.parseInt(match.group(1), 16), match.group(2).strip());
            }
        }
        return lines;
    }

    @Test
    void reservedEncodingsAreIllegal() {
        for (int c : new int[] {0x0000, 0x6101, 0x6001, 0x8002, 0x4002, 0x6002, 0x2001, 0x9c41, 0x8000}) {
            assertThat(Op.op(Decoder.decode(c))).as("0x%04x", c).isEqualTo(Op.ILLEGAL);
            assertThat(Op.length(Decoder.decode(c))).isEqualTo(1);
        }
    }
}
