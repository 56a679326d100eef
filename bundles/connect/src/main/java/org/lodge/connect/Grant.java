package org.lodge.connect;

/**
 * The answer to a guest's call when the other side is there.
 *
 * @param token to be shown with the stream, once, by the guest that called, within the broker's
 *     time limit
 */
public record Grant(String token, Connection connection) {}
