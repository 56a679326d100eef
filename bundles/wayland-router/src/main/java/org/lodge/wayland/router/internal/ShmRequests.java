package org.lodge.wayland.router.internal;

import static org.lodge.wayland.protocol.WaylandException.NO_MEMORY;

import java.io.IOException;
import org.lodge.agent.handles.FileHandle;
import org.lodge.agent.handles.Handle;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlShm;
import org.lodge.wayland.protocol.opcode.WlShmPool;

/** Shared memory: checks what libwayland checks and keeps a place at the compositor per buffer. */
final class ShmRequests {
  private final Routing routing;
  private long takenBytes;

  ShmRequests(Routing routing) {
    this.routing = routing;
  }

  boolean handle(WaylandObject receiver, int opcode, Message request)
      throws WaylandException, IOException {
    return switch (receiver.type.index()) {
      case WlShm.INDEX -> opcode == WlShm.CREATE_POOL && createPool(receiver, request);
      case WlShmPool.INDEX -> pool(receiver, opcode, request);
      default -> {
        destroyBuffer(receiver, request);
        yield true;
      }
    };
  }

  private boolean createPool(WaylandObject receiver, Message request)
      throws WaylandException, IOException {
    Handle handle = routing.client.takeHandle();
    int untrustedSize = request.word(2);
    if (handle.kind() != Handle.Kind.FILE) {
      handle.close();
      throw new WaylandException(
          receiver.clientId, WlShm.ERROR_INVALID_FD, "the descriptor of a pool is no file");
    }
    if (untrustedSize <= 0) {
      handle.close();
      throw new WaylandException(
          receiver.clientId, WlShm.ERROR_INVALID_STRIDE, "invalid size of a pool");
    }
    ShmPool pool = new ShmPool((FileHandle) handle, untrustedSize, routing.compositor);
    request.setWord(2, (int) pool.compositorBytes());
    routing.toCompositor.pass(pool.compositorFile);
    routing.forward(receiver, request).role = pool;
    return true;
  }

  private boolean pool(WaylandObject receiver, int opcode, Message request)
      throws WaylandException, IOException {
    ShmPool pool = (ShmPool) receiver.role;
    switch (opcode) {
      case WlShmPool.CREATE_BUFFER -> createBuffer(receiver, pool, request);
      case WlShmPool.RESIZE -> {
        int untrustedSize = request.word(0);
        if (untrustedSize < pool.sizeBytes()) {
          throw new WaylandException(
              receiver.clientId, WlShm.ERROR_INVALID_FD, "a pool can't shrink");
        }
        pool.resize(untrustedSize);
      }
      default -> {
        routing.forward(receiver, request);
        unuse(pool);
      }
    }
    return true;
  }

  private void createBuffer(WaylandObject receiver, ShmPool pool, Message request)
      throws WaylandException, IOException {
    int untrustedOffset = request.word(1);
    int untrustedWidth = request.word(2);
    int untrustedHeight = request.word(3);
    int untrustedStride = request.word(4);
    int bytesPerPixel = ShmFormat.bytesPerPixel(request.word(5));
    if (bytesPerPixel == 0) {
      throw new WaylandException(
          receiver.clientId, WlShm.ERROR_INVALID_FORMAT, "a format that was not announced");
    }
    boolean fits =
        untrustedOffset >= 0
            && untrustedWidth > 0
            && untrustedHeight > 0
            && untrustedStride >= (long) untrustedWidth * bytesPerPixel
            && untrustedOffset + (long) untrustedStride * untrustedHeight <= pool.sizeBytes();
    if (!fits) {
      throw new WaylandException(
          receiver.clientId,
          WlShm.ERROR_INVALID_STRIDE,
          "invalid width, height or stride, or outside of the pool");
    }
    int side = routing.limits.bufferSide();
    if (untrustedWidth > side || untrustedHeight > side) {
      throw WaylandException.ofDisplay(NO_MEMORY, "a buffer larger than " + side + " pixels");
    }
    long bytes = (long) untrustedStride * untrustedHeight;
    long before = pool.mostUsed();
    long offset = pool.allocate(untrustedOffset, bytes);
    if (offset < 0) {
      throw WaylandException.ofDisplay(NO_MEMORY, "a pool with too many buffers");
    }
    if (!take(pool.mostUsed() - before)) {
      throw WaylandException.ofDisplay(
          NO_MEMORY, "the guest's buffers take more than " + routing.limits.pixelBytes());
    }
    if (pool.grow()) {
      routing.toCompositor.words(
          receiver.upstreamId, WlShmPool.RESIZE, (int) pool.compositorBytes());
    }
    int format = request.word(5);
    request.setWord(1, (int) offset);
    pool.use();
    routing.forward(receiver, request).role =
        new ShmBuffer(
            pool,
            untrustedWidth,
            untrustedHeight,
            untrustedStride,
            format,
            untrustedOffset,
            offset,
            bytes);
  }

  private void destroyBuffer(WaylandObject receiver, Message request) throws WaylandException {
    routing.forward(receiver, request);
    if (receiver.role instanceof ShmBuffer buffer) {
      buffer.destroyed = true;
      if (buffer.surface != null) {
        buffer.surface.forget(buffer);
      }
      if (!buffer.busy) {
        free(buffer);
      }
    }
  }

  /** The buffer's place may be taken by another, unless an icon may still be shown from there. */
  private void free(ShmBuffer buffer) {
    if (!buffer.edged) {
      buffer.pool.release(buffer.compositorOffset, buffer.sizeBytes);
    }
    unuse(buffer.pool);
  }

  /** With the last use of a pool the memory at the compositor goes, and no sooner. */
  private void unuse(ShmPool pool) {
    if (pool.unuse()) {
      take(-pool.mostUsed());
      // Copies that are on their way still need the files.
      routing.toCompositor.step(to -> pool.close());
    }
  }

  /** The buffer was destroyed while the compositor had it, and is shown no more. */
  void replaced(ShmBuffer buffer) {
    if (buffer.destroyed && buffer.busy) {
      buffer.busy = false;
      free(buffer);
    }
  }

  /** The connection has ended: what it took is the guest's again. */
  void close() {
    take(-takenBytes);
  }

  private boolean take(long bytes) {
    boolean taken = routing.guest.takePixels(bytes);
    takenBytes += taken ? bytes : 0;
    return taken;
  }
}
