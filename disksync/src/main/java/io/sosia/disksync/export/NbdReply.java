package io.sosia.disksync.export;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/// Makes the reply to one request, piece by piece. One thread at a time.
final class NbdReply {
    /// Bytes of the disk in one piece.
    static final int PIECE_BYTES = 256 << 10;
    /// Runs in one answer about allocation; the client asks again for the rest.
    static final int RUNS_MAX = 4_096;

    private static final int MESSAGE_CHARS_MAX = 1_000;

    /// What is sent next.
    ///
    /// @param diskBytes bytes of the disk in it
    /// @param last      whether the reply ends with it
    /// @param broken    whether nothing true can be said any more: the connection has to end, `bytes` is empty
    record Piece(ByteBuf bytes, int diskBytes, boolean last, boolean broken) {
    }

    private final NbdServer server;
    private final NbdRequest request;
    private final boolean structured;
    private final int refusal;
    private int done;

    private NbdReply(NbdServer server, NbdRequest request, boolean structured, int refusal) {
        this.server = server;
        this.request = request;
        this.structured = structured;
        this.refusal = refusal;
    }

    static NbdReply of(NbdServer server, NbdRequest request, boolean structured) {
        return new NbdReply(server, request, structured, 0);
    }

    static NbdReply refusal(NbdServer server, NbdRequest request, boolean structured, int error) {
        return new NbdReply(server, request, structured, error);
    }

    /// The whole reply to a request that is refused.
    Piece refuse(ByteBufAllocator alloc) {
        return error(alloc, refusal, Optional.empty());
    }

    /// Reads from the disk.
    Piece next(ByteBufAllocator alloc) {
        try {
            return request.type() == Nbd.CMD_READ ? data(alloc) : allocation(alloc);
        } catch (IOException e) {
            if (done > 0 && !structured) {
                // A simple reply has said already that all is well.
                return new Piece(alloc.buffer(0), 0, true, true);
            }
            return error(alloc, Nbd.EIO, Optional.ofNullable(e.getMessage()));
        }
    }

    private Piece data(ByteBufAllocator alloc) throws IOException {
        int length = (int) request.length();
        int bytes = Math.min(PIECE_BYTES, length - done);
        boolean last = done + bytes == length;
        ByteBuf piece = alloc.directBuffer(bytes + 32);
        try {
            if (structured) {
                chunk(piece, last, Nbd.CHUNK_OFFSET_DATA, Long.BYTES + bytes).writeLong(request.offset() + done);
            } else if (done == 0) {
                simple(piece, 0);
            }
            ByteBuffer into = piece.nioBuffer(piece.writerIndex(), bytes);
            server.view().read(request.offset() + done, into);
            piece.writerIndex(piece.writerIndex() + bytes);
        } catch (IOException | RuntimeException e) {
            piece.release();
            throw e;
        }
        done += bytes;
        return new Piece(piece, bytes, last, false);
    }

    private Piece allocation(ByteBufAllocator alloc) throws IOException {
        boolean one = (request.flags() & Nbd.CMD_FLAG_REQ_ONE) != 0;
        List<Allocation> runs = server.view().allocation(request.offset(), request.length(), one ? 1 : RUNS_MAX);
        ByteBuf piece = chunk(alloc.buffer(), true, Nbd.CHUNK_BLOCK_STATUS, Integer.BYTES + 2 * Integer.BYTES * runs.size())
                .writeInt(Nbd.BASE_ALLOCATION_ID);
        for (Allocation run : runs) {
            piece.writeInt((int) run.bytes()).writeInt(run.zero() ? Nbd.STATE_HOLE | Nbd.STATE_ZERO : 0);
        }
        return new Piece(piece, 0, true, false);
    }

    private Piece error(ByteBufAllocator alloc, int error, Optional<String> why) {
        ByteBuf piece = alloc.buffer();
        boolean inChunks = structured && (request.type() == Nbd.CMD_READ || request.type() == Nbd.CMD_BLOCK_STATUS);
        if (inChunks) {
            String shown = why.map(text -> text.substring(0, Math.min(text.length(), MESSAGE_CHARS_MAX))).orElse("");
            byte[] message = shown.getBytes(StandardCharsets.UTF_8);
            chunk(piece, true, Nbd.CHUNK_ERROR, Integer.BYTES + Short.BYTES + message.length).writeInt(error)
                    .writeShort(message.length).writeBytes(message);
        } else {
            simple(piece, error);
        }
        return new Piece(piece, 0, true, false);
    }

    private ByteBuf chunk(ByteBuf piece, boolean last, int type, int payloadBytes) {
        return piece.writeInt(Nbd.CHUNK_MAGIC).writeShort(last ? Nbd.CHUNK_DONE : 0).writeShort(type)
                .writeLong(request.cookie()).writeInt(payloadBytes);
    }

    private void simple(ByteBuf piece, int error) {
        piece.writeInt(Nbd.SIMPLE_REPLY_MAGIC).writeInt(error).writeLong(request.cookie());
    }
}
