package org.lodge.agent;

import java.net.InetAddress;
import java.util.List;

/**
 * What a guest looks like from inside; untrusted, for people to read.
 *
 * @param loads of 1, 5 and 15 minutes
 * @param memoryAvailableBytes what programs could still have
 * @param diskBytes of the root file system
 * @param addresses of all interfaces but loopback
 */
public record GuestStats(
    long upMillis,
    List<Double> loads,
    int programs,
    long memoryBytes,
    long memoryAvailableBytes,
    long diskBytes,
    long diskAvailableBytes,
    List<Address> addresses) {

  /** An address of an interface, with the length of its network's prefix in bits. */
  public record Address(String networkInterface, InetAddress address, int prefixLength) {}
}
