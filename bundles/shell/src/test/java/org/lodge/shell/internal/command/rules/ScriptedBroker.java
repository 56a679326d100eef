package org.lodge.shell.internal.command.rules;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.lodge.connect.Ask;
import org.lodge.connect.Broker;
import org.lodge.connect.ByteStream;
import org.lodge.connect.Call;
import org.lodge.connect.ConnectException;
import org.lodge.connect.Connection;
import org.lodge.connect.GuestEndpoint;
import org.lodge.connect.GuestSession;
import org.lodge.connect.ServiceDescription;
import org.lodge.policy.Action;
import org.lodge.policy.Decision;
import org.lodge.policy.Request;

/** A broker that has what a test gives it, and keeps the answers. */
final class ScriptedBroker implements Broker {
  final List<String> answers = new ArrayList<>();
  ConnectException refusal;
  ByteStream stream;
  private final List<Ask> asks = new ArrayList<>();
  private final List<Connection> connections = new ArrayList<>();

  void ask(long id, String preferred, String... candidates) {
    asks.add(new Waiting(id, preferred, List.of(candidates)));
  }

  void connection(long id, String source, String target) {
    connections.add(new Open(id, source, target));
  }

  private final class Waiting implements Ask {
    private final long id;
    private final String preferred;
    private final List<String> candidates;

    Waiting(long id, String preferred, List<String> candidates) {
      this.id = id;
      this.preferred = preferred;
      this.candidates = candidates;
    }

    @Override
    public long id() {
      return id;
    }

    @Override
    public Request request() {
      return new Request("open", "", "display", "@default");
    }

    @Override
    public List<String> candidates() {
      return candidates;
    }

    @Override
    public String preferred() {
      return preferred;
    }

    @Override
    public String rulePlace() {
      return "50-own.policy:3";
    }

    @Override
    public Instant deadline() {
      return Instant.now().plusSeconds(30);
    }

    @Override
    public Decision allow(String target) {
      asks.remove(this);
      answers.add(id + " " + target);
      return new Decision(Action.ALLOW, Optional.empty(), target, List.of(), Map.of(), "");
    }

    @Override
    public void deny() {
      asks.remove(this);
      answers.add(id + " no");
    }
  }

  private final class Open implements Connection {
    private final long id;
    private final String source;
    private final String target;

    Open(long id, String source, String target) {
      this.id = id;
      this.source = source;
      this.target = target;
    }

    @Override
    public long id() {
      return id;
    }

    @Override
    public Request request() {
      return new Request("sign", "", source, target);
    }

    @Override
    public String target() {
      return target;
    }

    @Override
    public Stage stage() {
      return Stage.OPEN;
    }

    @Override
    public Instant since() {
      return Instant.now();
    }

    @Override
    public long forwardBytes() {
      return 1000;
    }

    @Override
    public long backwardBytes() {
      return 2000;
    }

    @Override
    public CompletionStage<Void> ended() {
      return new CompletableFuture<>();
    }

    @Override
    public boolean isBroken() {
      return false;
    }

    @Override
    public void reset(String why) {
      answers.add(id + " reset");
    }
  }

  @Override
  public GuestSession attach(GuestEndpoint endpoint) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletionStage<ByteStream> connect(String source, Call call) {
    return stream == null
        ? CompletableFuture.failedFuture(refusal)
        : CompletableFuture.completedFuture(stream);
  }

  @Override
  public void guestGone(String guest) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Ask> asks() {
    return List.copyOf(asks);
  }

  @Override
  public List<Connection> connections() {
    return List.copyOf(connections);
  }

  @Override
  public List<Offered> services() {
    return List.of(new Offered("storage", ServiceDescription.bytes("sign", "signs letters")));
  }
}
