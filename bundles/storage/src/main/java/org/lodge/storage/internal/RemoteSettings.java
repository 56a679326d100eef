package org.lodge.storage.internal;

/**
 * Where a share's files are, and whose are whose.
 *
 * @param from the storage guest
 * @param guestUid who owns all files as the client guest sees it; -1 to take the numbers over
 * @param ownerUid who owns what the client guest makes, in the storage guest; for guestUid alone
 */
record RemoteSettings(String from, int guestUid, int ownerUid) {}
