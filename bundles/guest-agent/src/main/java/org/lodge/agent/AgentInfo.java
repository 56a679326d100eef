package org.lodge.agent;

/**
 * What an agent says of itself and its guest; untrusted, for people to read.
 *
 * @param version of the agent, such as {@code 1.0}
 * @param bootId new with each boot of the guest
 */
public record AgentInfo(String version, String bootId, String hostName, String kernelRelease) {}
