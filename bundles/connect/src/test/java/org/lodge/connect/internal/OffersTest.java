package org.lodge.connect.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.lodge.connect.internal.Streams.assertEnd;
import static org.lodge.connect.internal.Streams.assertReceives;
import static org.lodge.connect.internal.Streams.assertReset;
import static org.lodge.connect.internal.Streams.send;
import static org.lodge.connect.internal.TestGuest.assertRefused;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lodge.connect.ByteStream;
import org.lodge.connect.Call;
import org.lodge.connect.Carriage;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.IncomingCall;
import org.lodge.connect.ServiceDescription;
import org.lodge.connect.ServiceOffer;

class OffersTest {
  private static final Call WAYLAND = Call.of("wayland", "", "@default");

  private final Rules rules =
      new Rules("work", "display")
          .allow("echo", "work", "@host")
          .allow("wayland", "work", "@default", "target=display");
  private final BrokerService broker = rules.broker(BrokerTest.LIMITS);
  private TestGuest work;

  /** Answers what it hears, or with its name where it is asked nothing. */
  private record Echo(String greeting, Carriage carriage, boolean mediates)
      implements ServiceOffer {
    @Override
    public ServiceDescription description() {
      return new ServiceDescription(
          mediates ? "wayland" : "echo", carriage, "for a test", List.of());
    }

    @Override
    public void serve(IncomingCall call, ByteStream stream) throws IOException {
      ByteStream out = mediates ? call.connectTarget(Map.of()) : stream;
      send(out, greeting);
      ByteBuffer buffer = ByteBuffer.allocate(100);
      while (stream.read(buffer.clear()) >= 0) {
        out.write(buffer.flip());
      }
      if (mediates) {
        assertThrows(ConnectException.class, () -> call.connectTarget(Map.of()));
      }
    }
  }

  @BeforeEach
  void attach() throws Exception {
    work = new TestGuest(broker, "work");
  }

  @AfterEach
  void nothingIsLeft() {
    broker.close();
    assertEquals(List.of(), broker.connections());
  }

  @Test
  void aServiceOfLodgeIsCalledLikeAGuests() throws Exception {
    broker.addOffer(new Echo("hello ", Carriage.BYTES, false), Map.of());
    MemoryStream stream = work.open("echo", "@host");
    send(stream, "there");
    stream.shutdownOutput();
    assertReceives(stream, "hello there");
    assertEnd(stream);
  }

  @Test
  void aServiceThatNobodyRegisteredIsNotOffered() {
    assertRefused(Reason.NOT_OFFERED, work.session.call(Call.of("echo", "", "@host")));
  }

  @Test
  void theHighestRankingServiceServes() throws Exception {
    broker.addOffer(
        new Echo("low", Carriage.BYTES, false), Map.of("service.ranking", 1, "service.id", 1L));
    broker.addOffer(
        new Echo("high", Carriage.BYTES, false), Map.of("service.ranking", 2, "service.id", 2L));
    assertReceives(work.open("echo", "@host"), "high");
  }

  @Test
  void aServiceThatGoesResetsItsConnections() throws Exception {
    Echo echo = new Echo("hello", Carriage.BYTES, false);
    broker.addOffer(echo, Map.of());
    MemoryStream stream = work.open("echo", "@host");
    assertReceives(stream, "hello");
    broker.removeOffer(echo);
    assertReset(stream);
    assertRefused(Reason.NOT_OFFERED, work.session.call(Call.of("echo", "", "@host")));
  }

  @Test
  void aServiceThatFailsResetsItsConnection() throws Exception {
    broker.addOffer(
        new ServiceOffer() {
          @Override
          public ServiceDescription description() {
            return ServiceDescription.bytes("echo", "");
          }

          @Override
          public void serve(IncomingCall call, ByteStream stream) {
            throw new IllegalStateException("broken");
          }
        },
        Map.of());
    assertReset(work.open("echo", "@host"));
  }

  @Test
  void whoMediatesStandsBetweenTwoGuests() throws Exception {
    broker.addOffer(new Echo("by way of Lodge: ", Carriage.HANDLES, true), Map.of());
    TestGuest display = display(Carriage.HANDLES);
    MemoryStream source = work.open("wayland", "@default");
    MemoryStream target = display.takeAccepted();
    send(source, "surface");
    assertReceives(target, "by way of Lodge: surface");
    source.shutdownOutput();
    assertEnd(target);
    assertEnd(source);
  }

  /** Goes where the target's agent has made a socket, and leaves another connection behind. */
  private record Detour(CompletableFuture<ByteStream> beside) implements ServiceOffer {
    @Override
    public ServiceDescription description() {
      return new ServiceDescription("wayland", Carriage.HANDLES, "for a test", List.of());
    }

    @Override
    public boolean mediates() {
      return true;
    }

    @Override
    public void serve(IncomingCall call, ByteStream stream) throws IOException {
      beside.complete(call.connectBeside());
      send(call.connectTargetAt("/run/made"), "detour");
      assertEquals(-1, stream.read(ByteBuffer.allocate(1)));
    }
  }

  @Test
  void whoMediatesConnectsElsewhereInTheTargetAndBeside() throws Exception {
    CompletableFuture<ByteStream> beside = new CompletableFuture<>();
    broker.addOffer(new Detour(beside), Map.of());
    TestGuest display = display(Carriage.HANDLES);
    MemoryStream source = work.open("wayland", "@default");
    assertEquals(Optional.empty(), display.takeAnnounced().socketPath());
    assertEquals(Optional.of("/run/made"), display.takeAnnounced().socketPath());
    send(TestGuest.get(beside), "beside");
    MemoryStream one = display.takeAccepted();
    MemoryStream two = display.takeAccepted();
    boolean oneIsBeside = Streams.receive(one, 6).equals("beside");
    assertReceives(two, oneIsBeside ? "detour" : "beside");
    MemoryStream other = oneIsBeside ? one : two;
    assertEquals(2, broker.connections().size());

    source.shutdownOutput();
    assertEnd(source);
    send(TestGuest.get(beside), "still here");
    assertReceives(other, "still here");
    broker.guestGone("work");
    assertReset(other);
  }

  @Test
  void theEndOfTheTargetResetsTheMediatedSource() throws Exception {
    broker.addOffer(new Echo("x", Carriage.HANDLES, true), Map.of());
    TestGuest display = display(Carriage.HANDLES);
    MemoryStream source = work.open("wayland", "@default");
    display.takeAccepted();
    display.session.close();
    assertReset(source);
  }

  @Test
  void aMediatorWhoseTargetDoesNotComeResetsTheSource() throws Exception {
    broker.addOffer(new Echo("x", Carriage.HANDLES, true), Map.of());
    assertReset(work.open("wayland", "@default"));
  }

  @Test
  void handlesNeverPassWithoutAMediator() throws Exception {
    TestGuest display = display(Carriage.HANDLES);
    assertRefused(Reason.NOT_OFFERED, work.session.call(WAYLAND));
    assertEquals(0, display.announced.size());
  }

  @Test
  void whatARuleCallsMediatedNeverPassesWithoutAMediator() throws Exception {
    TestGuest display = display(Carriage.BYTES);
    rules.clear();
    rules.allow("wayland", "work", "@default", "target=display", "mediated=yes");
    assertRefused(Reason.NOT_OFFERED, work.session.call(WAYLAND));
    assertEquals(0, display.announced.size());
  }

  private TestGuest display(Carriage carriage) {
    TestGuest display = new TestGuest(broker, "display");
    display.session.offer(List.of(new ServiceDescription("wayland", carriage, "", List.of())));
    return display;
  }
}
