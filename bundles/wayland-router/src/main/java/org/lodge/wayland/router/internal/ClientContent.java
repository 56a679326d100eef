package org.lodge.wayland.router.internal;

import java.util.ArrayList;
import java.util.List;
import org.lodge.agent.handles.PipeHandle;

/** What a client offers to paste: a {@code wl_data_source}, or that of the primary selection. */
final class ClientContent implements Selections.Content {
  private final Conversation conversation;
  private final WaylandObject source;
  private final SelectionKind kind;
  private final List<String> types;

  ClientContent(
      Conversation conversation, WaylandObject source, SelectionKind kind, List<String> types) {
    this.conversation = conversation;
    this.source = source;
    this.kind = kind;
    this.types = new ArrayList<>(types);
  }

  Conversation conversation() {
    return conversation;
  }

  WaylandObject source() {
    return source;
  }

  @Override
  public List<String> types() {
    return types;
  }

  @Override
  public void sendTo(String type, PasteSink into) {
    if (!conversation.post(routing -> ask(routing, type, into), into::close)) {
      into.close();
    }
  }

  /** Whatever is wrong, the paste fails and not the program that offers it. */
  private void ask(Routing routing, String type, PasteSink into) {
    PasteSink counted = routing.guest.account().takeTransfer(into);
    if (counted == null) {
      return;
    }
    if (source.zombie) {
      counted.close();
      return;
    }
    PipeHandle from = PipePump.makePipe(routing.client, counted);
    if (from == null) {
      return;
    }
    routing.toClient.pass(from);
    routing
        .toClient
        .begin(source.clientId, kind.eventSend, type.length() * 3 + 8)
        .string(type)
        .end();
    PipePump.start(from, counted, routing.limits.transferBytes());
  }

  @Override
  public void replaced() {
    conversation.post(routing -> {
      if (!source.zombie) {
        routing.toClient.words(source.clientId, kind.eventCancelled);
      }
    });
  }
}
