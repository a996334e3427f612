package io.sosia.disksync.store;

import io.sosia.disksync.block.ByteRange;
import io.sosia.disksync.block.DiskState;
import io.sosia.disksync.block.GenerationId;
import io.sosia.disksync.block.Generations;
import io.sosia.disksync.block.Partner;
import io.sosia.disksync.block.Position;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.ToIntFunction;

/// What the metadata says of the disk as a whole.
///
/// @param disk        names the disk that both nodes' copies are copies of
/// @param sizeBytes   a positive multiple of 512
/// @param generations where the content comes from
/// @param state       what the content is worth
/// @param partner     what is known of the partner's disk
/// @param applied     a lower bound: everything caused by the log up to here is durable
public record SuperBlock(UUID disk, long sizeBytes, Generations generations, DiskState state, Partner partner,
                         Position applied) {
    private static final int MAGIC = 0x534f5349;
    private static final int VERSION = 1;

    /// Refuses a size that is not whole sectors, and a partner that was left behind without a base generation.
    public SuperBlock {
        if (sizeBytes <= 0 || !ByteRange.fits(0, sizeBytes, sizeBytes)) {
            throw new IllegalArgumentException("disk size of " + sizeBytes + " bytes is not whole sectors");
        }
        if ((partner == Partner.AWAY) != generations.base().isPresent()) {
            throw new IllegalArgumentException("partner " + partner + " with base generation " + generations.base());
        }
    }

    SuperBlock with(Generations next, Partner nextPartner) {
        return new SuperBlock(disk, sizeBytes, next, state, nextPartner, applied);
    }

    SuperBlock with(DiskState next) {
        return new SuperBlock(disk, sizeBytes, generations, next, partner, applied);
    }

    SuperBlock with(Position next) {
        return new SuperBlock(disk, sizeBytes, generations, state, partner, next);
    }

    /// Everything but `applied`, which changes often and is stored on its own.
    byte[] encode() {
        List<GenerationId> history = generations.history();
        ByteBuffer out = ByteBuffer.allocate(54 + history.size() * Long.BYTES);
        out.putInt(MAGIC).putInt(VERSION);
        out.putLong(disk.getMostSignificantBits()).putLong(disk.getLeastSignificantBits()).putLong(sizeBytes);
        out.put((byte) state.code()).put((byte) partner.code());
        out.putLong(generations.current().value());
        out.putLong(generations.base().map(GenerationId::value).orElse(0L));
        out.putInt(history.size());
        history.forEach(id -> out.putLong(id.value()));
        return out.array();
    }

    /// Reads what [#encode()] wrote.
    ///
    /// @throws DiskFormatException when the bytes are not a super block of this version
    static SuperBlock decode(byte[] bytes, Position applied) throws DiskFormatException {
        try {
            ByteBuffer in = ByteBuffer.wrap(bytes);
            int magic = in.getInt();
            int version = in.getInt();
            if (magic != MAGIC || version != VERSION) {
                throw new DiskFormatException("super block has magic %08x and version %d, expected %08x and %d"
                        .formatted(magic, version, MAGIC, VERSION));
            }
            UUID disk = new UUID(in.getLong(), in.getLong());
            long size = in.getLong();
            DiskState state = named("state", DiskState.values(), DiskState::code, in.get());
            Partner partner = named("partner", Partner.values(), Partner::code, in.get());
            GenerationId current = new GenerationId(in.getLong());
            long base = in.getLong();
            List<GenerationId> history = new ArrayList<>();
            for (int left = in.getInt(); left > 0; left--) {
                history.add(new GenerationId(in.getLong()));
            }
            if (in.hasRemaining()) {
                throw new DiskFormatException("super block has " + in.remaining() + " bytes too many");
            }
            Generations generations = new Generations(current,
                    base == 0 ? Optional.empty() : Optional.of(new GenerationId(base)), history);
            return new SuperBlock(disk, size, generations, state, partner, applied);
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new DiskFormatException("super block of " + bytes.length + " bytes is not readable: " + e.getMessage(), e);
        }
    }

    private static <E> E named(String what, E[] all, ToIntFunction<E> code, int stored) throws DiskFormatException {
        for (E each : all) {
            if (code.applyAsInt(each) == stored) {
                return each;
            }
        }
        throw new DiskFormatException("super block has " + what + " " + stored + ", which is not known");
    }
}
