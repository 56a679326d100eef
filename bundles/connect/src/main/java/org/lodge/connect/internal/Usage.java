package org.lodge.connect.internal;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;

/**
 * What one guest costs now. It outlives the guest's sessions, so that coming anew resets nothing.
 */
final class Usage {
  private static final long SECOND_NANOS = 1_000_000_000;
  private static final int DENIALS_AT_ONCE = 32;

  private final Limits limits;
  private final LongSupplier nanoTime;
  private final Map<String, Integer> toOthers = new HashMap<>();
  private int connections;
  private int asks;
  private int bytesInFlight;
  private long callsPaidUntilNanos;
  private long quietUntilNanos;
  private long unreported;
  private long denialsPaidUntilNanos;
  private long untoldDenials;

  Usage(Limits limits, LongSupplier nanoTime) {
    this.limits = limits;
    this.nanoTime = nanoTime;
    this.callsPaidUntilNanos = nanoTime.getAsLong();
    this.quietUntilNanos = callsPaidUntilNanos;
    this.denialsPaidUntilNanos = callsPaidUntilNanos;
  }

  /** Every call costs its share of a second, and up to a second may be owed. */
  synchronized void call() throws ConnectException {
    long now = nanoTime.getAsLong();
    long paidUntil =
        Math.max(0, callsPaidUntilNanos - now) + SECOND_NANOS / limits.callsPerSecond();
    if (paidUntil > SECOND_NANOS) {
      throw new ConnectException(
          Reason.LIMIT, "more than " + limits.callsPerSecond() + " calls a second");
    }
    callsPaidUntilNanos = now + paidUntil;
  }

  synchronized void openConnection() throws ConnectException {
    if (connections == limits.maxConnections()) {
      throw new ConnectException(Reason.LIMIT, "more than " + connections + " connections");
    }
    connections++;
  }

  synchronized void closeConnection() {
    connections--;
  }

  /** To one other guest, whose programs and sockets are few and there for all. */
  synchronized void openTo(String target) throws ConnectException {
    int there = toOthers.getOrDefault(target, 0);
    if (there == limits.maxConnectionsToOne()) {
      throw new ConnectException(Reason.LIMIT, "more than " + there + " connections to " + target);
    }
    toOthers.put(target, there + 1);
  }

  synchronized void closeTo(String target) {
    toOthers.computeIfPresent(target, (name, there) -> there == 1 ? null : there - 1);
  }

  synchronized void openAsk() throws ConnectException {
    if (asks == limits.maxAsks()) {
      throw new ConnectException(
          Reason.LIMIT, "more than " + asks + " requests that wait for a person");
    }
    asks++;
  }

  synchronized void closeAsk() {
    asks--;
  }

  synchronized boolean reserve(int bytes) {
    if (bytes > limits.maxBytesInFlight() - bytesInFlight) {
      return false;
    }
    bytesInFlight += bytes;
    return true;
  }

  synchronized void free(int bytes) {
    bytesInFlight -= bytes;
  }

  /**
   * Whether a refusal by a limit is worth a line: one a second, lest the audit be flooded.
   *
   * @return how many refusals the line stands for; 0 for no line now
   */
  synchronized long refused() {
    unreported++;
    long now = nanoTime.getAsLong();
    if (now - quietUntilNanos < 0) {
      return 0;
    }
    quietUntilNanos = now + SECOND_NANOS;
    long stands = unreported;
    unreported = 0;
    return stands;
  }

  /**
   * Whether a denial is worth a line: some at once, and then one a second.
   *
   * @return how many denials the line stands for; 0 for no line now
   */
  synchronized long denied() {
    untoldDenials++;
    long now = nanoTime.getAsLong();
    long paidUntil = Math.max(0, denialsPaidUntilNanos - now) + SECOND_NANOS;
    if (paidUntil > DENIALS_AT_ONCE * SECOND_NANOS) {
      return 0;
    }
    denialsPaidUntilNanos = now + paidUntil;
    long stands = untoldDenials;
    untoldDenials = 0;
    return stands;
  }

  synchronized int connections() {
    return connections;
  }

  synchronized int bytesInFlight() {
    return bytesInFlight;
  }
}
