package io.sosia.appliance.cli;

import io.sosia.appliance.image.BuildProgress;
import java.io.PrintStream;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/// Shows a long piece of work, such as an image build: bars on a terminal, plain lines elsewhere.
final class ConsoleProgress implements BuildProgress {

    private final String work;
    private final PrintStream out;
    private final boolean bars;

    /// Of an image build.
    ///
    /// @param out where the lines go
    /// @param bars whether `out` is a terminal
    ConsoleProgress(PrintStream out, boolean bars) {
        this("image", out, bars);
    }

    /// @param work what each line begins with
    ConsoleProgress(String work, PrintStream out, boolean bars) {
        this.work = work;
        this.out = out;
        this.bars = bars;
    }

    @Override
    public void step(String what) {
        out.println(work + ": " + what);
    }

    @Override
    public void note(String what) {
        out.println(work + ":   " + what);
    }

    @Override
    public Meter meter(String what, long bytes) {
        return bars ? new Bar(what, bytes) : new Lines(what, bytes);
    }

    private final class Bar implements Meter {

        private static final int UPDATE_MILLIS = 200;

        private final ProgressBar bar;

        Bar(String what, long bytes) {
            bar = new ProgressBarBuilder()
                    .setTaskName(work + ": " + what)
                    .setInitialMax(bytes)
                    .setUnit(" MB", 1_000_000)
                    .setUpdateIntervalMillis(UPDATE_MILLIS)
                    .setStyle(ProgressBarStyle.ASCII)
                    .build();
        }

        @Override
        public void at(long bytes) {
            bar.stepTo(bytes);
        }

        @Override
        public void close() {
            bar.close();
        }
    }

    private final class Lines implements Meter {

        private final String what;
        private final long bytes;
        private int quarters;

        Lines(String what, long bytes) {
            this.what = what;
            this.bytes = bytes;
            out.printf("%s: %s, %.1f MB%n", work, what, bytes / 1e6);
        }

        @Override
        public void at(long done) {
            int now = (int) (done * 4 / bytes);
            if (now > quarters) {
                quarters = now;
                out.printf("%s:   %s: %d %%%n", work, what, now * 25);
            }
        }

        @Override
        public void close() {
            out.flush();
        }
    }
}
