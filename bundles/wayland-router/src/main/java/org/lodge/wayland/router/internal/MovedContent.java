package org.lodge.wayland.router.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What a person has moved from another guest's clipboard: a copy of few and harmless types, which
 * is given once.
 */
final class MovedContent implements Selections.Content {
  static final int MOST_BYTES = 1 << 20;

  private static final int WAIT_SECONDS = 10;

  /** In the order in which they are offered. */
  private static final List<String> TYPES =
      List.of(
          "text/plain;charset=utf-8", "text/plain", "UTF8_STRING", "text/uri-list", "image/png");

  private final Map<String, byte[]> content;
  private final Selections selections;
  private final AtomicBoolean given = new AtomicBoolean();

  private MovedContent(Map<String, byte[]> content, Selections selections) {
    this.content = content;
    this.selections = selections;
  }

  /**
   * Copies what can be pasted. Waits for the program that offers it.
   *
   * @throws IOException saying why not
   */
  static MovedContent copy(String guest, Selections.Content source, Selections into)
      throws IOException {
    if (source == null) {
      throw new IOException("nothing is in the clipboard of " + guest);
    }
    Map<String, byte[]> content = new LinkedHashMap<>();
    int left = MOST_BYTES;
    for (String type : TYPES) {
      if (source.types().contains(type)) {
        byte[] bytes = fetch(guest, source, type, left);
        left -= bytes.length;
        content.put(type, bytes);
      }
    }
    if (content.isEmpty()) {
      throw new IOException(
          "the clipboard of " + guest + " holds none of the types that may cross: " + TYPES);
    }
    return new MovedContent(content, into);
  }

  private static byte[] fetch(String guest, Selections.Content source, String type, int mostBytes)
      throws IOException {
    Collector collector = new Collector(mostBytes);
    source.sendTo(type, collector);
    try {
      return collector.result.get(WAIT_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new IOException(
          "the program in " + guest + " did not give its clipboard in " + WAIT_SECONDS + " s", e);
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  long sizeBytes() {
    return content.values().stream().mapToLong(bytes -> bytes.length).sum();
  }

  @Override
  public List<String> types() {
    return List.copyOf(content.keySet());
  }

  @Override
  public void sendTo(String type, PasteSink into) {
    byte[] bytes = given.compareAndSet(false, true) ? content.get(type) : null;
    selections.wipe(SelectionKind.CLIPBOARD, this);
    Thread.ofVirtual().name("wayland-paste").start(() -> give(bytes, into));
  }

  private static void give(byte[] bytes, PasteSink into) {
    try (into) {
      if (bytes != null) {
        into.write(ByteBuffer.wrap(bytes));
        into.finish();
      }
    } catch (IOException gone) {
      // Whoever pasted has gone; the content was wiped all the same.
      assert gone != null;
    }
  }

  /** Keeps what is written, up to a limit. */
  private static final class Collector implements PasteSink {
    private final CompletableFuture<byte[]> result = new CompletableFuture<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final int mostBytes;

    Collector(int mostBytes) {
      this.mostBytes = mostBytes;
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
      if (bytes.size() + from.remaining() > mostBytes) {
        IOException tooLarge =
            new IOException("the clipboard is larger than " + MOST_BYTES + " bytes");
        result.completeExceptionally(tooLarge);
        throw tooLarge;
      }
      byte[] taken = new byte[from.remaining()];
      from.get(taken);
      bytes.writeBytes(taken);
    }

    @Override
    public void finish() {
      result.complete(bytes.toByteArray());
    }

    @Override
    public void close() {
      result.completeExceptionally(new IOException("the program has closed its clipboard"));
    }
  }
}
