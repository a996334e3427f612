package io.sosia.appliance.partition;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Runs all rows with one arbiter, in a network and mount namespace of its own, and prints a [RowReport] for each. A row that
/// fails takes its lab with it; the next has a new one.
///
/// Arguments: an empty folder, `witness` or `shared-directory`, and a regular expression of faults. Ends with its standard input.
final class MatrixRun {

    private static final int TAIL_CHARS = 6_000;

    private final Path folder;
    private final boolean sharedDirectory;
    private final Network network;
    private Lab lab;
    private int labs;

    private MatrixRun(Path folder, boolean sharedDirectory) throws Exception {
        this.folder = folder;
        this.sharedDirectory = sharedDirectory;
        List<String> hosts = new ArrayList<>(Lab.NODES);
        hosts.add(LabArbiter.Witness.HOST);
        this.network = new Network(hosts);
    }

    public static void main(String[] arguments) throws Exception {
        endWithParent();
        MatrixRun run = new MatrixRun(Path.of(arguments[0]), arguments[1].equals("shared-directory"));
        for (Row row : Rows.all()) {
            if (!(run.sharedDirectory && row.witnessOnly()) && row.fault().matches(arguments[2])) {
                System.out.println(run.carryOut(row).line());
            }
        }
        run.closeLab();
        run.network.close();
        System.exit(0);
    }

    private static void endWithParent() {
        Thread.ofPlatform().daemon().name("parent-watch").start(() -> {
            try {
                while (System.in.read() >= 0) {
                    // A parent has nothing to say here.
                }
            } catch (IOException broken) {
                // As good as the end.
            }
            Runtime.getRuntime().halt(1);
        });
    }

    private RowReport carryOut(Row row) throws Exception {
        try {
            if (lab == null) {
                lab = new Lab(Files.createDirectory(folder.resolve("lab-" + ++labs)), network, sharedDirectory);
            }
            return RowReport.of(row, new RowRun(lab, row).run());
        } catch (Exception | AssertionError failure) {
            String why = failure + said();
            closeLab();
            return RowReport.failed(row, why);
        }
    }

    private String said() throws IOException {
        StringBuilder all = new StringBuilder();
        for (String node : lab == null ? List.<String>of() : Lab.NODES) {
            String said = lab.said(node);
            all.append("\n--- ").append(node).append(" has said\n")
                    .append(said.substring(Math.max(0, said.length() - TAIL_CHARS)));
        }
        return all.toString();
    }

    private void closeLab() throws Exception {
        if (lab != null) {
            lab.close();
            lab = null;
        }
    }
}
