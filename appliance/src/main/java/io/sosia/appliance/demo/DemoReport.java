package io.sosia.appliance.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Locale;

/// What a demo has shown.
///
/// @param passed             whether nothing was lost or repeated
/// @param acknowledged       increments that Redis acknowledged to the client
/// @param acknowledgedAtKill how many of them before the primary was killed
/// @param finalCounter       the counter at the end, asked over the same connection
/// @param lost               acknowledged increments that the counter lacks
/// @param repeated           increments the counter has and nobody was told of
/// @param longestGapMillis   longest time between two replies, over the whole run
/// @param failoverGapMillis  longest time between two replies, of those that end after the kill
/// @param detectMillis       from the kill until the backup knew
/// @param drainMillis        until it had replayed all it had received
/// @param claimMillis        until the witness had granted its claim
/// @param goLiveMillis       until the client had its next reply
/// @param logBitsPerSecond   on the link between the nodes, while counting before the kill
/// @param lagMillis          how far the backup was behind while counting: mean of the samples
/// @param lagMillisMax       the same: largest sample
/// @param incrementsPerSecond while counting before the kill
/// @param bootSeconds        from the nodes' start to `GUEST READY`
/// @param totalSeconds       of the whole demo
/// @param ram                of the guest
/// @param backupReads        `local` or `logged`
/// @param engine             what executed the guest on both nodes
/// @param dropPercent        frames lost on purpose
public record DemoReport(
        boolean passed,
        long acknowledged,
        long acknowledgedAtKill,
        long finalCounter,
        long lost,
        long repeated,
        double longestGapMillis,
        double failoverGapMillis,
        double detectMillis,
        double drainMillis,
        double claimMillis,
        double goLiveMillis,
        long logBitsPerSecond,
        double lagMillis,
        double lagMillisMax,
        double incrementsPerSecond,
        double bootSeconds,
        double totalSeconds,
        String ram,
        String backupReads,
        String engine,
        double dropPercent) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /// One JSON object.
    public String toJson() {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + System.lineSeparator();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a report is plain numbers and words", e);
        }
    }

    /// The JSON object of a demo that came to no report.
    public static String failureJson(String reason) {
        return JSON.createObjectNode().put("passed", false).put("error", reason).toPrettyString()
                + System.lineSeparator();
    }

    /// A few lines for the operator.
    public String toText() {
        return String.format(Locale.ROOT, """

                %s

                  increments acknowledged %,10d       %,d of them before the kill
                  counter at the end      %,10d
                  lost                    %,10d
                  repeated                %,10d
                  longest gap             %,10.0f ms    %,.0f ms at the kill, of which
                      detection           %,10.1f ms
                      draining the log    %,10.1f ms
                      claim               %,10.1f ms
                      going live          %,10.1f ms    up to the client's next reply
                  increments              %,10.0f /s
                  log                     %,10.2f Mbit/s
                  backup behind by        %,10.1f ms    at most %,.1f ms
                  boot                    %,10.1f s     %s of guest RAM, backup reads %s, %s%s
                """,
                passed ? "Passed: the primary was killed, the client's one connection went on, nothing was lost."
                        : "FAILED: the counter is not what the client was told.",
                acknowledged, acknowledgedAtKill, finalCounter, lost, repeated, longestGapMillis, failoverGapMillis,
                detectMillis, drainMillis, claimMillis, goLiveMillis, incrementsPerSecond, logBitsPerSecond / 1e6,
                lagMillis, lagMillisMax, bootSeconds, ram, backupReads.equals("local") ? "its own disk" : "the log",
                engine,
                dropPercent > 0 ? String.format(Locale.ROOT, ", %s %% of frames lost", dropPercent) : "");
    }
}
