package org.lodge.storage.internal;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.lodge.agent.AgentListener;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Tells of guests that have come up, also where they have rebooted themselves. Apart from who wants
 * to know, who also needs the agents: those would wait for each other.
 */
@Component(service = {ComingUp.class, AgentListener.class})
public final class ComingUp implements AgentListener {
  private final List<Consumer<String>> followers = new CopyOnWriteArrayList<>();

  @Activate
  public ComingUp() {}

  /** Is told each guest's name: soon done, please. */
  void follow(Consumer<String> follower) {
    followers.add(follower);
  }

  void unfollow(Consumer<String> follower) {
    followers.remove(follower);
  }

  @Override
  public void ready(String guest) {
    followers.forEach(follower -> follower.accept(guest));
  }
}
