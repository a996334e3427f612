package io.sosia.appliance.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.sosia.appliance.channel.PeerCodec;
import io.sosia.appliance.eventlog.LogBatch;
import io.sosia.appliance.eventlog.LogEntry;
import io.sosia.appliance.eventlog.LogPosition;
import io.sosia.appliance.machine.device.DiskRequestFormat;
import io.sosia.appliance.machine.port.DiskStatus;
import io.sosia.appliance.machine.port.MachineInput;
import io.sosia.appliance.pair.PeerMessage;
import io.sosia.appliance.pair.PeerMessage.Envelope;
import io.sosia.witness.claim.Incarnation;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class OutgoingTest {

    private static final Incarnation SELF = new Incarnation(new UUID(1, 1));
    private static final Incarnation OTHER = new Incarnation(new UUID(2, 2));

    /// With `backupReads: logged` the data of a read travels in the log, behind whatever the same turn has written.
    @Test
    void theLargestReadBehindAnAlmostFullBatchFitsAFrame() throws Exception {
        Outgoing outgoing = new Outgoing();
        byte[] frame = new byte[65_000];
        long seq = 0;
        for (int i = 0; i < 16; i++) {
            outgoing.append(new LogPosition(1, ++seq), new LogEntry.Input(seq, new MachineInput.FramesIn(List.of(frame))));
        }
        byte[] data = new byte[DiskRequestFormat.DATA_BYTES_MAX];
        data[data.length - 1] = 7;
        outgoing.append(new LogPosition(1, ++seq),
                new LogEntry.Input(seq, new MachineInput.DiskCompleted(0, DiskStatus.OK, data)));

        List<LogBatch> batches = outgoing.take().batches();
        assertThat(batches).as("the read did not open a batch of its own").hasSize(1);
        assertThat(sent(batches.getFirst()).entries()).hasSize(17).last()
                .isInstanceOfSatisfying(LogEntry.Input.class, last -> assertThat(last.input())
                        .isInstanceOfSatisfying(MachineInput.DiskCompleted.class,
                                read -> assertThat(read.data()).isEqualTo(data)));
    }

    private static LogBatch sent(LogBatch batch) throws Exception {
        ByteBuf bytes = Unpooled.buffer();
        PeerCodec.encode(new Envelope(1, SELF, OTHER, new PeerMessage.Log(batch)), bytes);
        bytes.skipBytes(4);
        return ((PeerMessage.Log) PeerCodec.decode(bytes).message()).batch();
    }
}
