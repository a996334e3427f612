package io.sosia.witness.server;

import io.sosia.witness.claim.ClaimCommand;
import io.sosia.witness.claim.ClaimResult;
import io.sosia.witness.claim.ClaimTable;
import io.sosia.witness.claim.OperatorWord;
import io.sosia.witness.claim.TableEntry;
import io.sosia.witness.wire.CommandCodec;
import io.sosia.witness.wire.QueryCodec;
import io.sosia.witness.wire.QueryReply;
import io.sosia.witness.wire.ResultCodec;
import io.sosia.witness.wire.SnapshotCodec;
import io.sosia.witness.wire.WireFormatException;
import io.sosia.witness.wire.WitnessQuery;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.exceptions.StateMachineException;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.LifeCycle;
import org.apache.ratis.util.MD5FileUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Carries out the commands of the Raft log on the table.
///
/// Written by Ratis's updater thread and read by its request threads; `lock` guards the table between them and is held
/// for the length of one command, query or encoding.
final class ClaimStateMachine extends BaseStateMachine {
    private static final Logger LOG = LoggerFactory.getLogger(ClaimStateMachine.class);

    /// Written over by the next snapshot when one fails half way.
    private static final String DRAFT = "snapshot-draft";

    private final SimpleStateMachineStorage storage = new SimpleStateMachineStorage();
    private final Object lock = new Object();
    private ClaimTable table = new ClaimTable();
    private long granted;
    private long notGranted;
    private volatile Throwable logFailure;
    private final LongSupplier refused;

    /// @param refused how many this member has turned away
    ClaimStateMachine(LongSupplier refused) {
        this.refused = refused;
    }

    /// What the table did since this process started.
    ///
    /// @param pairs how many pairs it knows now
    /// @param granted commands granted, replays of the log included
    /// @param notGranted all other answers, replays of the log included
    record Counts(int pairs, long granted, long notGranted) {}

    Counts counts() {
        synchronized (lock) {
            return new Counts(table.size(), granted, notGranted);
        }
    }

    /// All it knows. For tests, which compare members.
    List<TableEntry> entries() {
        synchronized (lock) {
            return List.copyOf(table.entries());
        }
    }

    /// Why the Raft log can be written no more, if so. Ratis then leads on and answers nobody.
    Optional<Throwable> logFailure() {
        return Optional.ofNullable(logFailure);
    }

    @Override
    public void notifyLogFailed(Throwable cause, LogEntryProto failedEntry) {
        logFailure = cause;
    }

    @Override
    public void initialize(RaftServer server, RaftGroupId groupId, RaftStorage raftStorage) throws IOException {
        super.initialize(server, groupId, raftStorage);
        getLifeCycle().startAndTransition(
                () -> {
                    storage.init(raftStorage);
                    load(storage.loadLatestSnapshot());
                },
                IOException.class);
    }

    /// Ratis pauses the machine while it installs a leader's snapshot, and expects to find it paused.
    @Override
    public void pause() {
        getLifeCycle().transition(LifeCycle.State.PAUSING);
        getLifeCycle().transition(LifeCycle.State.PAUSED);
    }

    @Override
    public void reinitialize() throws IOException {
        getLifeCycle().startAndTransition(() -> load(storage.loadLatestSnapshot()), IOException.class);
    }

    @Override
    public StateMachineStorage getStateMachineStorage() {
        return storage;
    }

    private void load(SingleFileSnapshotInfo snapshot) throws IOException {
        if (snapshot == null) {
            return;
        }
        Path file = snapshot.getFile().getPath();
        long length = Files.size(file);
        if (length > SnapshotCodec.BYTES_MAX) {
            throw new IOException(file + " has " + length + " bytes, the limit is " + SnapshotCodec.BYTES_MAX);
        }
        ClaimTable loaded;
        try {
            loaded = SnapshotCodec.decode(Files.readAllBytes(file));
        } catch (WireFormatException unreadable) {
            throw new IOException(file + ": " + unreadable.getMessage(), unreadable);
        }
        synchronized (lock) {
            table = loaded;
        }
        setLastAppliedTermIndex(snapshot.getTermIndex());
        LOG.info("witness loaded {} pairs from the snapshot at {}", loaded.size(), snapshot.getTermIndex());
    }

    /// Lets only readable commands into the log: what is in it, every member must be able to carry out.
    @Override
    public TransactionContext startTransaction(RaftClientRequest request) throws IOException {
        TransactionContext transaction = super.startTransaction(request);
        try {
            CommandCodec.decode(request.getMessage().getContent().toByteArray());
        } catch (WireFormatException unreadable) {
            transaction.setException(new StateMachineException(unreadable.getMessage(), unreadable));
        }
        return transaction;
    }

    @Override
    public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
        LogEntryProto entry = transaction.getLogEntry();
        TermIndex at = TermIndex.valueOf(entry);
        ClaimCommand command;
        try {
            command = CommandCodec.decode(
                    entry.getStateMachineLogEntry().getLogData().toByteArray());
        } catch (WireFormatException unreadable) {
            // Checked before it came into the log: to go on without it would make this member differ from the others.
            throw new IllegalStateException("entry " + at + " of the witness's log is unreadable", unreadable);
        }
        ClaimResult result;
        synchronized (lock) {
            result = table.apply(command);
            if (result instanceof ClaimResult.Granted) {
                granted++;
            } else {
                notGranted++;
            }
            updateLastAppliedTermIndex(at);
        }
        // Entries repeated from the log at start have no request and were told of before.
        if (transaction.getClientRequest() != null) {
            tell(command, result);
        }
        return CompletableFuture.completedFuture(message(ResultCodec.encode(result)));
    }

    private static void tell(ClaimCommand command, ClaimResult result) {
        String kind = command.getClass().getSimpleName();
        switch (result) {
            case ClaimResult.Granted(var record) -> {
                Optional<OperatorWord> word = command.operatorWord();
                if (word.isPresent()) {
                    LOG.warn(
                            "pair {} {} granted on the word of {} ({}): {}",
                            command.pairId(),
                            kind,
                            word.get().operator(),
                            word.get().reason(),
                            record.summary());
                } else {
                    LOG.info("pair {} {} granted: {}", command.pairId(), kind, record.summary());
                }
            }
            case ClaimResult.Refused(var record, var reason) -> LOG.info(
                    "pair {} {} refused reason={}: {}", command.pairId(), kind, reason, record.summary());
            case ClaimResult.UnknownPair(var pairId) -> LOG.info("pair {} {} refused: unknown pair", pairId, kind);
            case ClaimResult.TableFull(var pairId, var pairsMax) -> LOG.warn(
                    "pair {} {} refused: the table holds {} pairs, the limit", pairId, kind, pairsMax);
        }
    }

    @Override
    public CompletableFuture<Message> query(Message request) {
        WitnessQuery query;
        try {
            query = QueryCodec.decodeQuery(request.getContent().toByteArray());
        } catch (WireFormatException unreadable) {
            return CompletableFuture.failedFuture(new StateMachineException(unreadable.getMessage(), unreadable));
        }
        QueryReply reply;
        synchronized (lock) {
            reply = switch (query) {
                case WitnessQuery.Lookup(var pairId) -> table.find(pairId)
                        .<QueryReply>map(QueryReply.Known::new)
                        .orElseGet(() -> new QueryReply.Unknown(pairId));
                case WitnessQuery.Ping() -> new QueryReply.Pong(table.size());
                case WitnessQuery.Refusals() -> new QueryReply.Refused(refused.getAsLong());
            };
        }
        return CompletableFuture.completedFuture(message(QueryCodec.encode(reply)));
    }

    @Override
    public long takeSnapshot() throws IOException {
        byte[] bytes;
        TermIndex at;
        synchronized (lock) {
            bytes = SnapshotCodec.encode(table);
            at = getLastAppliedTermIndex();
        }
        Path file = storage.getSnapshotFile(at.getTerm(), at.getIndex()).toPath();
        Path draft = file.resolveSibling(DRAFT);
        Files.write(draft, bytes);
        try (FileChannel channel = FileChannel.open(draft, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        // Ratis drops the log before the snapshot once this method returns: its name must be durable before.
        try (FileChannel directory = FileChannel.open(file.getParent(), StandardOpenOption.READ)) {
            directory.force(true);
        }
        MD5Hash digest = MD5FileUtil.computeAndSaveMd5ForFile(file.toFile());
        storage.updateLatestSnapshot(new SingleFileSnapshotInfo(new FileInfo(file, digest), at));
        return at.getIndex();
    }

    private static Message message(byte[] bytes) {
        ByteString content = UnsafeByteOperations.unsafeWrap(bytes);
        return Message.valueOf(content);
    }
}
