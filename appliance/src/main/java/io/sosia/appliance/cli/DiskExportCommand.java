package io.sosia.appliance.cli;

import io.sosia.appliance.control.ControlClient;
import io.sosia.appliance.control.ControlRefusedException;
import io.sosia.appliance.node.ByteSize;
import io.sosia.appliance.node.ExportStatus;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `sosia disk export`: a backup's disk as it is now, for programs that make backups.
@Command(
        name = "export",
        description = {
            "Serves the disk of a backup as it is at this moment, read-only, over NBD, until Ctrl-C or SIGTERM. The machine, "
                    + "its primary and the replay go on meanwhile and are not slowed by those who read.",
            "A file system on the disk looks like after a power cut: consistent, with a journal to replay. For more, sync inside "
                    + "the guest first.",
            "Old content that is overwritten meanwhile is put aside, up to --side-bytes. When there is no more room the export "
                    + "ends, every read fails, and what was copied so far must be thrown away; the replay never waits. Where the "
                    + "file system under the node's state folder can share blocks (XFS, Btrfs) and has as much room as the disk is large, "
                    + "nothing has to be put aside.",
            "NBD has no authentication and is not encrypted: whoever reaches the address reads the whole disk. Keep it on the "
                    + "loopback address or a Unix socket, and reach it from elsewhere by ssh -L.",
            "A node that becomes the primary meanwhile goes on exporting. A node that ends takes its export with it."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  sosia disk export --config configs/node-b.yaml",
            "  nbdinfo nbd://127.0.0.1:10809",
            "  nbdcopy nbd://127.0.0.1:10809 backup.img",
            "  qemu-img convert -f raw -O qcow2 -c nbd://127.0.0.1:10809 backup.qcow2",
            "  sosia disk export --config configs/node-b.yaml --bind unix:/run/sosia-export.sock",
            "%nExit status: 0 ended by Ctrl-C or SIGTERM; 1 refused, or ended by itself (the reason is printed); 2 bad usage."
        })
public final class DiskExportCommand implements Callable<Integer> {

    private static final long RENEW_MILLIS = 500;
    private static final long SILENCE_NANOS = 5_000_000_000L;
    private static final int LINE_EVERY = 20;
    private static final int END_SECONDS = 10;

    @Mixin
    private NodeOption backup;

    @Option(names = "--bind", paramLabel = "ADDRESS:PORT|unix:PATH", defaultValue = "127.0.0.1:10809",
            description = "Where the node serves NBD (default: ${DEFAULT-VALUE}); port 0 for any free one.")
    private String bind;

    @Option(names = "--side-bytes", paramLabel = "SIZE",
            description = "Old content that may be put aside, such as 512M (default: a tenth of the disk, from 64M to 1G).")
    private String sideBytes;

    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch done = new CountDownLatch(1);

    @Override
    public Integer call() {
        long side = side();
        Thread hook = Thread.ofPlatform().name("terminate").unstarted(this::onShutdown);
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            return backup.ask(client -> {
                ExportStatus begun = client.beginExport(bind, side);
                System.out.println(begun.uri());
                serve(client, begun);
                return 0;
            }, NodeOption::badInputOrFailed);
        } finally {
            done.countDown();
        }
    }

    private long side() {
        try {
            return sideBytes == null ? 0 : ByteSize.parse(sideBytes);
        } catch (IllegalArgumentException e) {
            throw new CliException(CliException.BAD_INPUT, "--side-bytes " + e.getMessage(), e);
        }
    }

    private void serve(ControlClient client, ExportStatus begun) throws IOException, InterruptedException {
        boolean live = System.console() != null && System.console().isTerminal();
        PrintStream out = System.err;
        ExportStatus now = begun;
        long answeredNanos = System.nanoTime();
        for (int round = 1; !asked.await(RENEW_MILLIS, TimeUnit.MILLISECONDS); round++) {
            try {
                now = client.renewExport(begun.id());
                answeredNanos = System.nanoTime();
            } catch (ControlRefusedException e) {
                throw new CliException(CliException.FAILED, "the export has ended: " + e.getMessage()
                        + "; what was copied from it so far is incomplete", e);
            } catch (IOException e) {
                if (System.nanoTime() - answeredNanos > SILENCE_NANOS) {
                    throw new CliException(CliException.FAILED, "the node does not answer any more, and its export has ended "
                            + "with it; what was copied so far is incomplete", e);
                }
            }
            if (!now.ended().isEmpty()) {
                client.endExport(begun.id());
                throw new CliException(CliException.FAILED, "the export has ended: " + now.ended()
                        + "; what was copied from it so far must be thrown away");
            }
            if (live) {
                out.print("\r" + line(now) + "  ");
                out.flush();
            } else if (round % LINE_EVERY == 0) {
                out.println(line(now));
            }
        }
        client.endExport(begun.id());
        out.println((live ? "\n" : "") + "ended; " + line(now));
    }

    private static String line(ExportStatus status) {
        String side = status.sideBytesMax() == 0 ? "blocks shared by the file system"
                : String.format(Locale.ROOT, "put aside %.1f of %.1f MiB", status.sideBytes() / 1048576.0,
                        status.sideBytesMax() / 1048576.0);
        return String.format(Locale.ROOT, "clients %d, read %.1f MiB of a disk of %.1f MiB, %s", status.clients(),
                status.sentBytes() / 1048576.0, status.diskBytes() / 1048576.0, side);
    }

    private void onShutdown() {
        if (done.getCount() == 0) {
            return;
        }
        asked.countDown();
        try {
            if (done.await(END_SECONDS, TimeUnit.SECONDS)) {
                // A signal's own status would say that something went wrong.
                Runtime.getRuntime().halt(0);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
