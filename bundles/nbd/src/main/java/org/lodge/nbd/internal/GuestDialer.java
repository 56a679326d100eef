package org.lodge.nbd.internal;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.lodge.agent.Agents;
import org.lodge.blocks.BlockRequest;
import org.lodge.connect.Broker;
import org.lodge.connect.ByteStream;
import org.lodge.connect.Call;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;

/**
 * Connects with the service {@value #SERVICE} of another guest, on behalf of the one that gets the
 * disk: that one's rules and limits count, and the disk's name is the service's argument.
 */
final class GuestDialer implements Dialer {
  static final String SERVICE = "disk";

  private static final Duration CALL = Duration.ofSeconds(15);

  private final BlockRequest request;
  private final Broker broker;
  private final Agents agents;

  GuestDialer(BlockRequest request, Broker broker, Agents agents) {
    this.request = request;
    this.broker = broker;
    this.agents = agents;
  }

  @Override
  public ByteStream dial(Duration limit) throws IOException {
    agents.await(request.from(), limit);
    CompletableFuture<ByteStream> call =
        broker
            .connect(request.guest(), Call.of(SERVICE, request.export(), request.from()))
            .toCompletableFuture();
    try {
      return call.get(CALL.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      call.thenAccept(ByteStream::reset);
      throw new IOException("guest '%s' does not answer".formatted(request.from()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    } catch (ExecutionException e) {
      throw failure(e.getCause());
    }
  }

  private IOException failure(Throwable cause) {
    if (!(cause instanceof ConnectException refusal)) {
      return new IOException(String.valueOf(cause.getMessage()), cause);
    }
    return switch (refusal.reason()) {
      case DENIED -> new ConnectException(Reason.DENIED, denied(refusal.getMessage()));
      case NOT_OFFERED ->
          new ConnectException(
              Reason.NOT_OFFERED,
              "guest '%s' offers no disks; give it the service %s, as in \"services\": {\"%s\": {\"socket\": \"/run/nbd.sock\"}}"
                  .formatted(request.from(), SERVICE, SERVICE));
      case REFUSED, ENDED ->
          new IOException("no NBD server answers there: " + refusal.getMessage(), refusal);
      default -> new IOException(refusal.getMessage(), refusal);
    };
  }

  private String denied(String why) {
    String service = request.export().isEmpty() ? SERVICE : SERVICE + "+" + request.export();
    return "the policy denies it (%s); see: lodge policy explain %s %s %s"
        .formatted(why, service, request.guest(), request.from());
  }
}
