package io.sosia.appliance.demo;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Locale;

/// What a demo has shown.
///
/// @param passed             whether nothing was lost or repeated, and the disks do not differ
/// @param rounds             kills of the primary, each followed by the return of its partner
/// @param acknowledged       increments that Redis acknowledged to the client
/// @param finalCounter       the counter at the end, asked over the same connection
/// @param lost               acknowledged increments that the counter lacks
/// @param repeated           increments the counter has and nobody was told of
/// @param disksIdentical     whether both disks hold the same bytes at the end; null when the pair was left running
/// @param writes             what became of the guest's commits and files; null when it was not to write any
/// @param longestGapMillis   longest time between two replies, over the whole run
/// @param first              the first failover
/// @param clonePauseMillisMedian how long the machine stood still when it was copied to the returning node: median
/// @param protectedAgainMillisMedian from the restart of a killed node, the start of its process included, until PROTECTED: median
/// @param logBitsPerSecond   on the link between the nodes, while counting before the first kill
/// @param lagMillis          how far the backup was behind while counting: mean of the samples
/// @param lagMillisMax       the same: largest sample
/// @param bootSeconds        from the nodes' start to `GUEST READY`
/// @param totalSeconds       of the whole demo
/// @param ram                of the guest
/// @param backupReads        `local` or `logged`
/// @param engine             what executed the guest on both nodes
/// @param dropPercent        frames lost on purpose
public record DemoReport(
        boolean passed,
        int rounds,
        long acknowledged,
        long finalCounter,
        long lost,
        long repeated,
        Boolean disksIdentical,
        GuestWrites.Result writes,
        double longestGapMillis,
        @JsonUnwrapped Failover first,
        double clonePauseMillisMedian,
        double protectedAgainMillisMedian,
        long logBitsPerSecond,
        double lagMillis,
        double lagMillisMax,
        double bootSeconds,
        double totalSeconds,
        String ram,
        String backupReads,
        String engine,
        double dropPercent) {

    /// The first failover.
    ///
    /// @param acknowledgedAtKill increments acknowledged before the kill
    /// @param incrementsPerSecond while counting before it
    /// @param failoverGapMillis  longest time between two replies, of those that end after it
    /// @param detectMillis       from the kill until the backup knew
    /// @param drainMillis        until it had replayed all it had received
    /// @param claimMillis        until the witness had granted its claim
    /// @param goLiveMillis       until the client had its next reply
    public record Failover(
            long acknowledgedAtKill,
            double incrementsPerSecond,
            double failoverGapMillis,
            double detectMillis,
            double drainMillis,
            double claimMillis,
            double goLiveMillis) {}

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

                  increments acknowledged %,10d       %,d of them before the first of %d kills
                  counter at the end      %,10d
                  lost                    %,10d
                  repeated                %,10d
                  longest gap             %,10.0f ms    %,.0f ms at the first kill, of which
                      detection           %,10.1f ms
                      draining the log    %,10.1f ms
                      claim               %,10.1f ms
                      going live          %,10.1f ms    up to the client's next reply
                  protected again         %,10.1f s     after the restart of a killed node
                  pause for the clone     %,10.1f ms
                  disks                   %10s%s
                  increments              %,10.0f /s
                  log                     %,10.2f Mbit/s
                  backup behind by        %,10.1f ms    at most %,.1f ms
                  boot                    %,10.1f s     %s of guest RAM, backup reads %s, %s%s
                """,
                verdict(), acknowledged, first.acknowledgedAtKill(), rounds, finalCounter, lost, repeated,
                longestGapMillis, first.failoverGapMillis(), first.detectMillis(), first.drainMillis(),
                first.claimMillis(), first.goLiveMillis(), protectedAgainMillisMedian / 1e3, clonePauseMillisMedian,
                disksIdentical == null ? "in use" : disksIdentical ? "identical" : "DIFFERENT", writes == null ? "" : writes.toText(),
                first.incrementsPerSecond(), logBitsPerSecond / 1e6,
                lagMillis, lagMillisMax, bootSeconds, ram, backupReads.equals("local") ? "its own disk" : "the log",
                engine,
                dropPercent > 0 ? String.format(Locale.ROOT, ", %s %% of frames lost", dropPercent) : "");
    }

    private String verdict() {
        if (passed) {
            return "Passed: the primary was killed, the client's one connection went on, nothing was lost, redundancy came back.";
        }
        return Boolean.FALSE.equals(disksIdentical) ? "FAILED: the disks of the two nodes differ."
                : writes != null && !writes.passed() ? "FAILED: not all that the guest had written is there."
                : "FAILED: the counter is not what the client was told.";
    }
}
