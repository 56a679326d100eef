package org.lodge.storage.internal;

/**
 * Whose files are whose in a share of a storage guest.
 *
 * @param guestUid who owns all files as the client guest sees it; -1 to take the numbers over
 * @param ownerUid who owns what the client guest makes, in the storage guest; for guestUid alone
 */
record RemoteSettings(int guestUid, int ownerUid) {}
