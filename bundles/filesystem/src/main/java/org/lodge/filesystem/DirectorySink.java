package org.lodge.filesystem;

import org.osgi.annotation.versioning.ProviderType;

/** Takes the entries of a directory, one after the other. */
@ProviderType
public interface DirectorySink {

  /** How many bytes of the guest the entries may take; a hint. */
  int sizeBytes();

  /** Whether one more entry with a name of this length would be taken. */
  boolean fits(int nameBytes);

  /**
   * Whether an entry is to be added; asked of each before that. One that is not wanted must not
   * become a node, not even for a moment: the guest may guess its number meanwhile.
   *
   * @param nextOffset where reading goes on after this entry
   */
  default boolean wants(Name name, long nextOffset) {
    return true;
  }

  /**
   * @param inode the file's number for people; not its node
   * @param type the four bits of the mode that are the type, shifted down; 0 if unknown
   * @param nextOffset where reading goes on after this entry
   * @param entry the node, in use once more; null where it was not looked up
   */
  void add(Name name, long inode, int type, long nextOffset, Entry entry);
}
