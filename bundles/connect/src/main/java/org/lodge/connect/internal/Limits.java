package org.lodge.connect.internal;

import java.time.Duration;

/**
 * What one guest may cost, and how long anybody is waited for.
 *
 * @param maxConnections that a guest has asked for and that are not over
 * @param maxConnectionsToOne of those, to services of one other guest that carry bytes only
 * @param maxBytesInFlight taken from one side and not yet from the other, beyond the few KiB that
 *     every connection has
 * @param callsPerSecond on average; as many again may come at once
 * @param maxAsks of a guest that wait for a person
 * @param arrival until a stream with its token must be there
 * @param ask for a person's answer, where the rule says nothing else
 */
record Limits(
    int maxConnections,
    int maxConnectionsToOne,
    int maxBytesInFlight,
    int callsPerSecond,
    int maxAsks,
    Duration arrival,
    Duration ask) {
  Limits {
    if (maxConnections < 1
        || maxConnectionsToOne < 1
        || maxBytesInFlight < 0
        || callsPerSecond < 1
        || maxAsks < 0) {
      throw new IllegalArgumentException(
          "org.lodge.connect: maxConnections, maxConnectionsToOne and callsPerSecond are at least 1, maxBytesInFlight"
              + " and maxAsks at least 0");
    }
    if (arrival.isNegative() || arrival.isZero() || ask.isNegative() || ask.isZero()) {
      throw new IllegalArgumentException(
          "org.lodge.connect: arrivalMillis and askSeconds are at least 1");
    }
  }
}
