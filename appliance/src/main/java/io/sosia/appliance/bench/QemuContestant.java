package io.sosia.appliance.bench;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// QEMU on the same program; between laps the process is stopped by signal.
///
/// What it executes between the end of a lap and the signal counts for the next lap, work and CPU time alike.
final class QemuContestant implements Contestant {

    private static final String SECONDS_MAX = "900";

    private final Qemu qemu;
    private final String program;
    /// `timeout`, which ends QEMU should we be killed while it stands still.
    private final Process wrapper;
    private final BufferedReader console;
    private final Thread atExit;
    private long pid;
    private long cpuNanos;

    private QemuContestant(Qemu qemu, String program, Process wrapper) {
        this.qemu = qemu;
        this.program = program;
        this.wrapper = wrapper;
        console = new BufferedReader(wrapper.inputReader(StandardCharsets.ISO_8859_1));
        atExit = Thread.ofPlatform().unstarted(wrapper::destroy);
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /// Starts it and lets it run until the program is ready.
    ///
    /// @param program the name of the program, with which its lines begin
    static QemuContestant start(Qemu qemu, Path elf, String program) throws BenchException {
        List<String> command = new ArrayList<>(List.of("timeout", SECONDS_MAX, Qemu.PROGRAM, "-M", "virt", "-m", "64", "-display",
                "none", "-monitor", "none", "-serial", "stdio"));
        command.addAll(qemu.options());
        command.addAll(List.of("-kernel", elf.toString()));
        try {
            Process process = Qemu.untuned(new ProcessBuilder(command)).redirectInput(new File("/dev/null"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
            QemuContestant contestant = new QemuContestant(qemu, program, process);
            try {
                contestant.untilReady();
                return contestant;
            } catch (BenchException | RuntimeException e) {
                contestant.close();
                throw e;
            }
        } catch (IOException e) {
            throw new BenchException(Qemu.PROGRAM + " cannot be run: " + e.getMessage(), e);
        }
    }

    private void untilReady() throws BenchException {
        nextLine();
        pid = wrapper.children().findFirst().orElseThrow(() -> new BenchException(qemu.name() + " has ended")).pid();
        cpuNanos = ProcessorClock.nanos(pid);
        signal("STOP");
    }

    @Override
    public Lap lap() throws BenchException {
        signal("CONT");
        String line = nextLine();
        long now = ProcessorClock.nanos(pid);
        signal("STOP");
        double seconds = (now - cpuNanos) / 1e9;
        cpuNanos = now;
        return new Lap(line, 0, seconds, seconds);
    }

    /// The program's next line; the firmware's are passed over.
    private String nextLine() throws BenchException {
        try {
            for (String line = console.readLine(); line != null; line = console.readLine()) {
                if (line.startsWith(program + " ")) {
                    return line.strip();
                }
            }
            throw new BenchException(qemu.name() + " ended while it ran " + program);
        } catch (IOException e) {
            throw new BenchException("the console of " + qemu.name() + " cannot be read: " + e.getMessage(), e);
        }
    }

    private void signal(String signal) throws BenchException {
        try {
            if (new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor() != 0) {
                throw new BenchException(qemu.name() + " takes no SIG" + signal);
            }
        } catch (IOException e) {
            throw new BenchException("kill cannot be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted while running " + qemu.name(), e);
        }
    }

    @Override
    public void close() {
        // Passed on to QEMU, which is woken for it.
        wrapper.destroy();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException _) {
            // The process is ending, and does the same.
        }
    }
}
