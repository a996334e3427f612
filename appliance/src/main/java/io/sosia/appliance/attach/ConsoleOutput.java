package io.sosia.appliance.attach;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Carries console output to its reader on a thread of its own, so that a slow one (a pager, a full pipe) does not hold
/// up the machine until [#WAITING_BYTES_MAX] wait, and never keeps it from being stopped.
///
/// Threads: any may write; one of its own passes on.
final class ConsoleOutput {

    /// Bytes that may wait for the reader; who writes more waits with them.
    static final int WAITING_BYTES_MAX = 1 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(ConsoleOutput.class);
    private static final long LAST_MILLIS = 1_000;

    private final OutputStream output;
    private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
    private final Thread writer;
    private boolean finished;
    private boolean givenUp;
    private boolean ended;

    ConsoleOutput(OutputStream output) {
        this.output = output;
        this.writer = Thread.ofPlatform().daemon().name("sosia-console-output").start(this::passOn);
    }

    /// Takes bytes to be written in order; waits while there is no room, but not after [#giveUp]: then they are
    /// dropped. So is everything when nobody reads the output any more (a closed pipe), which is said once.
    synchronized void write(byte[] bytes) {
        try {
            while (!takes(bytes.length) && !givenUp && !ended) {
                wait();
            }
            offer(bytes);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// As [#write], but drops the bytes where that would wait.
    synchronized void offer(byte[] bytes) {
        if (takes(bytes.length) && !ended) {
            waiting.writeBytes(bytes);
            notifyAll();
        }
    }

    /// Any one write is taken when nothing waits, however long it is.
    private boolean takes(int bytes) {
        return waiting.size() == 0 || waiting.size() + bytes <= WAITING_BYTES_MAX;
    }

    /// From now on nobody waits for the reader: the machine is to stop.
    synchronized void giveUp() {
        givenUp = true;
        notifyAll();
    }

    /// Returns when all has been written; after [#giveUp], in a second at the latest. Nothing is to be written any more.
    void finish() {
        try {
            synchronized (this) {
                finished = true;
                notifyAll();
                while (!ended && !givenUp) {
                    wait();
                }
            }
            writer.join(LAST_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void passOn() {
        try {
            for (byte[] next = next(); next.length > 0; next = next()) {
                output.write(next);
                output.flush();
            }
        } catch (IOException e) {
            LOG.warn("console output is lost from here on: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            end();
        }
    }

    /// All that waits, as soon as there is something; nothing at the end.
    private synchronized byte[] next() throws InterruptedException {
        while (waiting.size() == 0 && !finished) {
            wait();
        }
        byte[] all = waiting.toByteArray();
        waiting.reset();
        notifyAll();
        return all;
    }

    private synchronized void end() {
        ended = true;
        waiting.reset();
        notifyAll();
    }
}
