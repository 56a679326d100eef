package org.lodge.wayland.router.internal;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;

/**
 * The clipboard and primary selection of one guest: kept here and not by the compositor, so that
 * another guest gets nothing of them but by a person's act. Thread-safe.
 */
final class Selections {
  /** What can be pasted. */
  interface Content {
    List<String> types();

    /** Writes it as one of its types into the pipe, and closes that. Waits for nobody. */
    void sendTo(String type, PasteSink into);

    /** Another one has taken its place. */
    default void replaced() {}
  }

  private final Map<SelectionKind, Content> current = new EnumMap<>(SelectionKind.class);
  private final Set<Conversation> conversations = new CopyOnWriteArraySet<>();

  void add(Conversation conversation) {
    conversations.add(conversation);
  }

  /** A connection has ended, and with it what it offered. */
  void remove(Conversation conversation) {
    conversations.remove(conversation);
    for (SelectionKind kind : SelectionKind.values()) {
      if (get(kind) instanceof ClientContent content && content.conversation() == conversation) {
        set(kind, null);
      }
    }
  }

  /**
   * @return null if there is none
   */
  synchronized Content get(SelectionKind kind) {
    return current.get(kind);
  }

  /**
   * Replaces the selection; clients that have the keyboard hear of it.
   *
   * @param content null for none
   */
  void set(SelectionKind kind, Content content) {
    Content former;
    synchronized (this) {
      former = current.get(kind);
      current.put(kind, content);
    }
    if (former != null && former != content) {
      former.replaced();
    }
    for (Conversation conversation : new ArrayList<>(conversations)) {
      conversation.selectionChanged(kind);
    }
  }

  /**
   * As {@link #clear}, but clients hear of it no sooner than with their next keyboard focus: one
   * that has just asked for it may take the news for the answer.
   */
  synchronized void wipe(SelectionKind kind, Content content) {
    if (current.get(kind) == content) {
      current.remove(kind);
    }
  }

  /** Takes the selection away, if it is still this one. */
  void clear(SelectionKind kind, Content content) {
    if (get(kind) == content) {
      set(kind, null);
    }
  }
}
