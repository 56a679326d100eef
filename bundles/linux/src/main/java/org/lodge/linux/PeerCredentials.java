package org.lodge.linux;

/** Who is at the other end of a Unix socket, as of the moment it connected or began to listen. */
public record PeerCredentials(long pid, long uid, long gid) {}
