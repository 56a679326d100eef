package org.lodge.filesystem;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.lodge.linux.TreeScratch;

/**
 * Who asks, and the memory that answering needs. One per thread, reused for every request, so that
 * a request allocates nothing.
 */
public final class Call {
  /** What {@link #buffer} holds: the longest value of an extended attribute. */
  public static final int BUFFER_BYTES = 64 * 1024;

  private final TreeScratch scratch = new TreeScratch();
  private final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER_BYTES, 8);
  private int uid;
  private int gid;
  private int pid;
  private boolean repeat;
  private int umask;
  private long ageNanosMax;

  /** Begins a request of this user, group and process of the guest. */
  public Call of(int uid, int gid, int pid) {
    this.uid = uid;
    this.gid = gid;
    this.pid = pid;
    umask = 0;
    repeat = false;
    ageNanosMax = 0;
    return this;
  }

  /** Attributes may be as old as that, where {@link Attributes#ageNanos} says how old they are. */
  public Call upToAge(long nanos) {
    ageNanosMax = nanos;
    return this;
  }

  /** 0 where the file system must be asked. */
  public long ageNanosMax() {
    return ageNanosMax;
  }

  /** From now on it may be that what is asked was done before, and only the answer was lost. */
  public Call repeat() {
    repeat = true;
    return this;
  }

  public boolean isRepeat() {
    return repeat;
  }

  /**
   * The mode of what is made was not masked yet: these permissions go, unless the directory has a
   * default access control list, which then says what goes.
   */
  public Call mask(int umask) {
    this.umask = umask;
    return this;
  }

  /** 0 where the mode is masked already. */
  public int umask() {
    return umask;
  }

  /** As the guest counts; unsigned. */
  public int uid() {
    return uid;
  }

  public int gid() {
    return gid;
  }

  public int pid() {
    return pid;
  }

  public TreeScratch scratch() {
    return scratch;
  }

  /** Native memory for results of variable length, and for the value of an attribute to set. */
  public MemorySegment buffer() {
    return buffer;
  }
}
