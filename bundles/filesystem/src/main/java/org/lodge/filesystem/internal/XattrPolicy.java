package org.lodge.filesystem.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Rules;
import org.lodge.filesystem.Rules.Xattrs;

/** Which extended attributes a guest may use. */
final class XattrPolicy {
  private static final byte[] USER = "user.".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] TRUSTED = "trusted.".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] SECURITY = "security.".getBytes(StandardCharsets.US_ASCII);

  /** What a file with it may do whoever runs it: a privilege, as set-user-id is. */
  private static final byte[] CAPABILITY =
      "security.capability".getBytes(StandardCharsets.US_ASCII);

  private static final byte[] ACL = "system.posix_acl_".getBytes(StandardCharsets.US_ASCII);

  private final Rules rules;

  XattrPolicy(Rules rules) {
    this.rules = rules;
  }

  boolean allows(Name name) {
    if (name.startsWith(ACL)) {
      return rules.accessLists();
    }
    boolean all = rules.xattrs() == Xattrs.ALL;
    return rules.xattrs() != Xattrs.NONE && name.startsWith(USER)
        || all && name.startsWith(TRUSTED)
        || all && name.startsWith(SECURITY) && (rules.setUid() || !name.startsWith(CAPABILITY));
  }

  /** Takes the names that are not allowed out of a list; its length then. */
  int filter(MemorySegment list, int lengthBytes, Name scratch) {
    int kept = 0;
    int at = 0;
    while (at < lengthBytes) {
      int end = at;
      while (end < lengthBytes && list.get(ValueLayout.JAVA_BYTE, end) != 0) {
        end++;
      }
      int part = Math.min(end + 1, lengthBytes) - at;
      if (allows(scratch.of(list, at, end - at))) {
        MemorySegment.copy(list, at, list, kept, part);
        kept += part;
      }
      at += part;
    }
    return kept;
  }
}
