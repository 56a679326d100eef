package org.lodge.wayland.router.internal;

import java.util.ArrayList;
import java.util.List;
import org.lodge.agent.handles.HandleConnection.PipeEnd;
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
    boolean posted =
        conversation.post(routing -> {
          if (source.zombie) {
            into.close();
            return;
          }
          PipeHandle from = routing.client.makePipe(PipeEnd.WRITE);
          routing.toClient.pass(from);
          routing
              .toClient
              .begin(source.clientId, kind.eventSend, type.length() * 3 + 8)
              .string(type)
              .end();
          PipePump.start(from, into, routing.limits.transferBytes());
        });
    if (!posted) {
      into.close();
    }
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
