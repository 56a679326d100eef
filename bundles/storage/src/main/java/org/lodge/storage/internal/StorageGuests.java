package org.lodge.storage.internal;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.lodge.agent.AgentException;
import org.lodge.filesystem.Errno;
import org.lodge.storage.ShareException;
import org.lodge.storage.ShareStatus.State;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vm.Guests;

/** Asks the guests that keep shared files whether they have them. */
final class StorageGuests {
  private final Guests guests;
  private final Offers offers;
  private final ShareGiver giver;

  StorageGuests(Guests guests, Offers offers, ShareGiver giver) {
    this.guests = guests;
    this.offers = offers;
    this.giver = giver;
  }

  /**
   * What the storage guests say to what is not given yet. Without the monitor, and side by side:
   * each of them may take its time to answer.
   */
  Map<Grant, Optional<String>> refusals(GuestShares shares, List<Grant> wanted) {
    Map<Grant, FutureTask<Optional<String>>> asked = new HashMap<>();
    for (Grant grant : wanted) {
      Given given = shares.given.get(grant.share());
      if (given == null || given.state() == State.FAILED) {
        FutureTask<Optional<String>> task = new FutureTask<>(() -> refusal(grant));
        asked.put(grant, task);
        Thread.ofVirtual().name("share-probe-" + grant.share()).start(task);
      }
    }
    Map<Grant, Optional<String>> said = new HashMap<>();
    asked.forEach((grant, task) -> said.put(grant, outcome(task)));
    return said;
  }

  private static Optional<String> outcome(FutureTask<Optional<String>> task) {
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /** Why it can't be given now: its storage guest does not run, or says so. */
  private Optional<String> refusal(Grant grant) {
    try {
      if (giver.isPlugged(grant)) {
        return Optional.empty();
      }
      Optional<String> away = away(grant);
      if (away.isEmpty()) {
        offers.probe(grant);
      }
      return away;
    } catch (AgentException e) {
      boolean saysNo = e.errno() != 0 && e.errno() != Errno.EAGAIN;
      return saysNo ? Optional.of(refusal(grant, e)) : Optional.empty();
    } catch (IOException | GuestException e) {
      return Optional.empty();
    }
  }

  /** Whom to start first; a mount would wait for it in vain, and so would who uses the mount. */
  Optional<String> away(Grant grant) {
    String keeper = grant.from();
    if (grant.isFromHost() || !isGoing(keeper)) {
      return Optional.empty();
    }
    return Optional.of(
        "guest '%s', which keeps its files, does not run; start it: lodge start %s"
            .formatted(keeper, keeper));
  }

  /** A device of a directory that is not there would be mounted, and each use of it fail later. */
  void requireDirectory(Grant grant) throws ShareException {
    try {
      if (!grant.isFromHost()) {
        guests.status(grant.from());
      }
      Optional<String> away = away(grant);
      if (away.isPresent()) {
        throw new ShareException("share '%s': %s".formatted(grant.share(), away.get()));
      }
      offers.awaitKeeper(grant);
      offers.probe(grant);
    } catch (GuestException e) {
      throw new ShareException(
          "share '%s', guest '%s': %s".formatted(grant.share(), grant.from(), e.getMessage()), e);
    } catch (IOException e) {
      throw new ShareException("share '%s': %s".formatted(grant.share(), refusal(grant, e)), e);
    }
  }

  private static String refusal(Grant grant, IOException said) {
    String why = String.valueOf(said.getMessage()).replaceFirst("^guest '[^']*': ", "");
    return "guest '%s' can't give %s: %s".formatted(grant.from(), grant.path(), why);
  }

  boolean isGoing(String guest) {
    try {
      return !mayAnswer(guests.status(guest).state());
    } catch (GuestException e) {
      return true;
    }
  }

  static boolean mayAnswer(GuestState state) {
    return state.hasProcess() && state != GuestState.STOPPING;
  }
}
