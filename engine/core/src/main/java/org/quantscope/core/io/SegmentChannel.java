package org.quantscope.core.io;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;

/** Memory as a channel that can be read. Not thread safe. */
final class SegmentChannel implements SeekableByteChannel {
    private final MemorySegment bytes;
    private long position;
    private boolean open = true;

    SegmentChannel(MemorySegment bytes) {
        this.bytes = bytes;
    }

    @Override
    public int read(ByteBuffer into) throws ClosedChannelException {
        checkOpen();
        if (position >= bytes.byteSize()) {
            return -1;
        }
        int n = (int) Math.min(into.remaining(), bytes.byteSize() - position);
        MemorySegment.copy(bytes, position, MemorySegment.ofBuffer(into), 0, n);
        into.position(into.position() + n);
        position += n;
        return n;
    }

    @Override
    public int write(ByteBuffer from) {
        throw new NonWritableChannelException();
    }

    @Override
    public long position() throws ClosedChannelException {
        checkOpen();
        return position;
    }

    @Override
    public SeekableByteChannel position(long to) throws ClosedChannelException {
        checkOpen();
        if (to < 0) {
            throw new IllegalArgumentException("position: is at least 0, got " + to);
        }
        position = to;
        return this;
    }

    @Override
    public long size() throws ClosedChannelException {
        checkOpen();
        return bytes.byteSize();
    }

    @Override
    public SeekableByteChannel truncate(long size) {
        throw new NonWritableChannelException();
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void close() {
        open = false;
    }

    private void checkOpen() throws ClosedChannelException {
        if (!open) {
            throw new ClosedChannelException();
        }
    }
}
