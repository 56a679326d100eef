package org.lodge.connect.internal;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.connect.ByteStream;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.Connection;
import org.lodge.connect.IncomingCall;
import org.lodge.connect.Metadata;

/** A call as the service of Lodge that serves it sees it. */
final class Incoming implements IncomingCall {
  /** The ways to the call's target. */
  interface Target {
    /** The target's end of the call. */
    CompletableFuture<ByteStream> dial(Map<String, String> metadata, Optional<String> socketPath);

    /** Another connection to it. */
    CompletableFuture<ByteStream> dialBeside();
  }

  private final Link link;
  private final Map<String, String> options;
  private final Metadata metadata;
  private final Target target;
  private final AtomicBoolean dialled = new AtomicBoolean();

  Incoming(Link link, Map<String, String> options, Metadata metadata, Target target) {
    this.link = link;
    this.options = options;
    this.metadata = metadata;
    this.target = target;
  }

  @Override
  public ByteStream connectTarget(Map<String, String> values) throws IOException {
    return dialOnce(values, Optional.empty());
  }

  @Override
  public ByteStream connectTargetAt(String socketPath) throws IOException {
    return dialOnce(Map.of(), Optional.of(socketPath));
  }

  private ByteStream dialOnce(Map<String, String> values, Optional<String> socketPath)
      throws IOException {
    if (!dialled.compareAndSet(false, true)) {
      throw new ConnectException(Reason.BAD_REQUEST, "the target is connected once only");
    }
    return await(target.dial(values, socketPath));
  }

  @Override
  public ByteStream connectBeside() throws IOException {
    return await(target.dialBeside());
  }

  private static ByteStream await(CompletableFuture<ByteStream> stream) throws IOException {
    try {
      return stream.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ConnectException refused) {
        throw new ConnectException(refused.reason(), refused.getMessage());
      }
      throw new IOException("The target's end failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the target was waited for");
    }
  }

  @Override
  public Connection connection() {
    return link;
  }

  @Override
  public String source() {
    return link.request().source();
  }

  @Override
  public String argument() {
    return link.request().argument();
  }

  @Override
  public String target() {
    return link.target();
  }

  @Override
  public Map<String, String> options() {
    return options;
  }

  @Override
  public Metadata metadata() {
    return metadata;
  }
}
