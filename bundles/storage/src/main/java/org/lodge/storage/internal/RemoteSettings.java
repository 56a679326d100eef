package org.lodge.storage.internal;

import org.lodge.filesystem.Attributes;

/**
 * Where a share's files are, and whose are whose.
 *
 * @param from the storage guest
 * @param guestUid who owns all files as the client guest sees it; -1 to take the numbers over
 * @param ownerUid who owns what the client guest makes, in the storage guest; for guestUid alone
 */
record RemoteSettings(String from, int guestUid, int ownerUid) {
  /** Makes attributes what the client guest may see. */
  void show(Attributes attributes) {
    if (guestUid >= 0) {
      attributes.uid = guestUid;
      attributes.gid = guestUid;
    }
  }
}
