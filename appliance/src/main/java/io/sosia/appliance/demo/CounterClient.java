package io.sosia.appliance.demo;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;

/// Counts in the guest's Redis over one TCP connection: `INCR`, reply, `INCR`, reply. Never connects again.
///
/// Each reply has to be the one before plus one: a smaller number is an acknowledged increment that was lost, a larger
/// one an increment that was made twice.
///
/// Threads: [#count] on one; the figures may be read by others while it runs.
public final class CounterClient implements AutoCloseable {

    /// A guest's reply that is no reply.
    private static final int LINE_BYTES_MAX = 512;

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private final Duration patience;
    private volatile boolean stop;
    private volatile int acknowledged;
    private volatile long[] replyNanos = new long[1024];
    private volatile long lost;
    private volatile long repeated;
    private long last;

    private CounterClient(Socket socket, Duration patience) throws IOException {
        this.socket = socket;
        this.patience = patience;
        in = new BufferedInputStream(socket.getInputStream());
        out = socket.getOutputStream();
    }

    /// Connects.
    ///
    /// @param patience how long to wait for the connection, and later for a reply
    /// @throws DemoException when nobody answers
    public static CounterClient connect(int port, Duration patience) throws DemoException {
        Socket socket = new Socket();
        try {
            socket.setTcpNoDelay(true);
            socket.connect(new InetSocketAddress("127.0.0.1", port), (int) patience.toMillis());
            socket.setSoTimeout((int) patience.toMillis());
            return new CounterClient(socket, patience);
        } catch (IOException e) {
            try {
                socket.close();
            } catch (IOException again) {
                e.addSuppressed(again);
            }
            throw new DemoException("the guest's Redis takes no connection on 127.0.0.1:" + port + ": "
                    + e.getMessage(), e);
        }
    }

    /// Increments `key` until [#stop] is called.
    ///
    /// @throws DemoException when the connection breaks, or no reply comes in time
    public void count(String key) throws DemoException {
        while (!stop) {
            long value = number(ask("INCR " + key));
            long expected = last + 1;
            if (value < expected) {
                lost += expected - value;
            } else {
                repeated += value - expected;
            }
            last = value;
            if (acknowledged == replyNanos.length) {
                replyNanos = Arrays.copyOf(replyNanos, replyNanos.length * 2);
            }
            replyNanos[acknowledged] = System.nanoTime();
            acknowledged = acknowledged + 1;
        }
    }

    /// The value of `key`, 0 when there is none.
    ///
    /// @throws DemoException when the connection breaks, or no reply comes in time
    public long get(String key) throws DemoException {
        String length = ask("GET " + key);
        if (length.equals("$-1")) {
            return 0;
        }
        return number(":" + line("GET " + key));
    }

    /// Asks and gives the reply's first line.
    ///
    /// @throws DemoException when the connection breaks, or no reply comes in time
    public String ask(String command) throws DemoException {
        try {
            out.write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw broken(e);
        }
        return line(command);
    }

    private String line(String command) throws DemoException {
        StringBuilder line = new StringBuilder();
        try {
            for (int next = in.read(); next != '\n'; next = in.read()) {
                if (next < 0 || line.length() > LINE_BYTES_MAX) {
                    throw new IOException(next < 0 ? "the guest's side closed it" : "no end of line after " + line);
                }
                line.append((char) next);
            }
        } catch (SocketTimeoutException e) {
            throw new DemoException("no reply to " + command + " for " + patience.toSeconds() + " s, after "
                    + acknowledged + " increments", e);
        } catch (IOException e) {
            throw broken(e);
        }
        return line.toString().strip();
    }

    private DemoException broken(IOException e) {
        return new DemoException("the client's connection broke after " + acknowledged + " increments: "
                + e.getMessage(), e);
    }

    private static long number(String reply) throws DemoException {
        if (!reply.matches(":-?\\d{1,18}")) {
            throw new DemoException("Redis replied " + reply + ", expected a number");
        }
        return Long.parseLong(reply.substring(1));
    }

    /// Lets [#count] end after the reply it waits for.
    public void stop() {
        stop = true;
    }

    /// How many increments Redis has acknowledged.
    public int acknowledged() {
        return acknowledged;
    }

    /// How far replies fell behind: acknowledged increments that were gone later.
    public long lost() {
        return lost;
    }

    /// How far replies ran ahead: increments made more than once.
    public long repeated() {
        return repeated;
    }

    /// When each reply came, on the clock of `System.nanoTime`, in order.
    public long[] replyNanos() {
        int count = acknowledged;
        return Arrays.copyOf(replyNanos, count);
    }

    @Override
    public void close() throws DemoException {
        try {
            socket.close();
        } catch (IOException e) {
            throw new DemoException("the client's connection cannot be closed: " + e.getMessage(), e);
        }
    }
}
