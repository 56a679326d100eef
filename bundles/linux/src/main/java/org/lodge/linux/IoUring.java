package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import org.lodge.linux.internal.FileCalls;
import org.lodge.linux.internal.LibC;
import org.lodge.linux.internal.UringCalls;

/**
 * Reads and writes that the kernel does while the caller goes on ({@code io_uring(7)}): prepare
 * some, {@link #submit} them with one call, take what has completed with {@link #next}.
 *
 * <p>Belongs to the thread that made it, its end too. Never more than {@link #entries} operations
 * may be under way. Allocates nothing after construction.
 */
public final class IoUring implements AutoCloseable {
  private static final int SETUP_CLAMP = 1 << 4;
  private static final int SETUP_TASKRUN_FLAG = 1 << 9;
  private static final int SETUP_SINGLE_ISSUER = 1 << 12;
  private static final int SETUP_DEFER_TASKRUN = 1 << 13;
  private static final int FEATURE_SINGLE_MMAP = 1;
  private static final int ENTER_GETEVENTS = 1;
  private static final long OFFSET_RINGS = 0;
  private static final long OFFSET_ENTRIES = 0x1000_0000;

  private static final int PARAMS_BYTES = 120;
  private static final int PARAMS_FLAGS = 8;
  private static final int PARAMS_FEATURES = 20;
  private static final int PARAMS_SUBMISSION = 40;
  private static final int PARAMS_COMPLETION = 80;
  private static final int TAIL = 4;
  private static final int MASK = 8;
  private static final int FLAGS = 16;
  private static final int ARRAY = 24;
  private static final int TASKRUN = 1 << 2;
  private static final int REGISTER_EVENT = 4;
  private static final int COMPLETIONS = 20;

  private static final int SUBMISSION_BYTES = 64;
  private static final int COMPLETION_BYTES = 16;

  private static final int READV = 1;
  private static final int WRITEV = 2;
  private static final int READ = 22;
  private static final int WRITE = 23;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final VarHandle ORDERED = INT.varHandle();

  private final Fd fd;
  private final MemorySegment capture = Arena.ofAuto().allocate(FileCalls.captureLayout());
  private final MemorySegment rings;
  private final MemorySegment submissions;
  private final int entries;
  private final long submissionTail;
  private final int submissionMask;
  private final long submissionFlags;
  private final long submissionArray;
  private final long completionHead;
  private final long completionTail;
  private final int completionMask;
  private final long completions;
  private int tail;
  private int prepared;

  /**
   * Whether the kernel's flag is up although there was nothing to be done, and so tells nothing.
   */
  private boolean flagIsOld;

  private int head;
  private long token;
  private int result;

  private IoUring(Fd fd, MemorySegment params) throws LinuxException {
    this.fd = fd;
    entries = params.get(INT, 0);
    long submission = PARAMS_SUBMISSION;
    long completion = PARAMS_COMPLETION;
    submissionArray = params.get(INT, submission + ARRAY);
    completions = params.get(INT, completion + COMPLETIONS);
    long bytes =
        Math.max(
            submissionArray + 4L * entries,
            completions + (long) COMPLETION_BYTES * params.get(INT, 4));
    rings = map(OFFSET_RINGS, bytes);
    submissions = map(OFFSET_ENTRIES, (long) SUBMISSION_BYTES * entries);
    submissionTail = params.get(INT, submission + TAIL);
    submissionMask = rings.get(INT, params.get(INT, submission + MASK));
    submissionFlags = params.get(INT, submission + FLAGS);
    completionHead = params.get(INT, completion);
    completionTail = params.get(INT, completion + TAIL);
    completionMask = rings.get(INT, params.get(INT, completion + MASK));
    tail = rings.get(INT, submissionTail);
    head = rings.get(INT, completionHead);
  }

  /**
   * Makes a ring.
   *
   * @param entries how many operations may be under way, a power of two
   * @throws LinuxException where the kernel has none, is older than 6.1, or forbids it
   */
  public static IoUring create(int entries) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment params = arena.allocate(PARAMS_BYTES, 8);
      params.set(
          INT,
          PARAMS_FLAGS,
          SETUP_CLAMP | SETUP_TASKRUN_FLAG | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN);
      MemorySegment capture = arena.allocate(FileCalls.captureLayout());
      int number = UringCalls.setup(capture, entries, params.address());
      if (number < 0) {
        throw LibC.failure("io_uring_setup", -number);
      }
      Fd fd = Fd.adopt(number);
      boolean made = false;
      try {
        if ((params.get(INT, PARAMS_FEATURES) & FEATURE_SINGLE_MMAP) == 0) {
          throw LibC.failure("io_uring_setup (the kernel is too old)", LinuxException.EINVAL);
        }
        IoUring ring = new IoUring(fd, params);
        made = true;
        return ring;
      } finally {
        if (!made) {
          fd.close();
        }
      }
    }
  }

  @SuppressWarnings("restricted") // the address and length are those mmap has just given
  private MemorySegment map(long offset, long bytes) throws LinuxException {
    long address =
        LibC.mmap(0, bytes, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, fd.number(), offset);
    if (address == -1) {
      throw LibC.failure("mmap of an io_uring");
    }
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  /** How many operations may be under way at once, completions not yet taken among them. */
  public int entries() {
    return entries;
  }

  /**
   * Prepares to read into what is left of the ranges. They and their memory must stay as they are
   * until the completion, and the file open until {@link #submit} has returned.
   *
   * @param token given back with the completion
   */
  public void read(BlockFile file, IoVector into, long offset, long token) {
    prepare(READV, READ, file, into, offset, token);
  }

  /** Prepares to write, as {@link #read}. */
  public void write(BlockFile file, IoVector from, long offset, long token) {
    prepare(WRITEV, WRITE, file, from, offset, token);
  }

  /**
   * Signals an event from now on when operations have ended, for a thread that waits for other
   * things too; {@link #submit} with 0 then {@link #next} give them. There may be more signals than
   * ends.
   */
  public void signalEnds(EventFd event) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment number = arena.allocate(INT);
      number.set(INT, 0, event.number());
      int result = UringCalls.register(capture, fd.number(), REGISTER_EVENT, number.address(), 1);
      if (result < 0) {
        throw LibC.failure("io_uring_register of an event", -result);
      }
    }
  }

  /**
   * Whether operations have ended that {@link #next} has not given yet. Asks only memory, and is
   * sometimes late: the kernel may leave its flag up when all is done, and it is looked at again
   * only after the next {@link #submit}. Whoever sleeps waits for {@link #signalEnds}, and does not
   * ask this then.
   */
  public boolean hasEnded() {
    return !isEmpty() || !flagIsOld && isFlagUp();
  }

  private boolean isEmpty() {
    return (int) ORDERED.getAcquire(rings, completionTail) == head;
  }

  private boolean isFlagUp() {
    return ((int) ORDERED.getAcquire(rings, submissionFlags) & TASKRUN) != 0;
  }

  /** A single range is told by itself: the kernel then has no list to copy and to free. */
  private void prepare(
      int listed, int single, BlockFile file, IoVector vector, long offset, long token) {
    if (vector.count() == 1) {
      long address = vector.firstAddress();
      prepare(single, file.number(), offset, address, (int) vector.sizeBytes(), token);
    } else {
      prepare(listed, file.number(), offset, vector.address(), vector.count(), token);
    }
  }

  private void prepare(int operation, int file, long offset, long address, int length, long token) {
    if (prepared == entries) {
      throw new IllegalStateException("more than " + entries + " operations prepared");
    }
    int index = tail + prepared & submissionMask;
    long at = (long) index * SUBMISSION_BYTES;
    submissions.set(LONG, at, operation | (long) file << 32);
    submissions.set(LONG, at + 8, offset);
    submissions.set(LONG, at + 16, address);
    submissions.set(LONG, at + 24, length);
    submissions.set(LONG, at + 32, token);
    submissions.set(LONG, at + 40, 0);
    submissions.set(LONG, at + 48, 0);
    submissions.set(LONG, at + 56, 0);
    rings.set(INT, submissionArray + 4L * index, index);
    prepared++;
  }

  /**
   * Lets the kernel begin what was prepared.
   *
   * @param minComplete returns only when so many completions can be taken; 0 to return at once
   * @throws LinuxException where the kernel lacks memory or takes nothing any more
   */
  public void submit(int minComplete) throws LinuxException {
    tail += prepared;
    ORDERED.setRelease(rings, submissionTail, tail);
    while (true) {
      int taken = UringCalls.enter(capture, fd.number(), prepared, minComplete, ENTER_GETEVENTS);
      if (taken >= 0) {
        prepared -= taken;
        if (prepared == 0) {
          // With completions it may stand for more of them, of which the kernel gives a few at
          // once.
          flagIsOld = isFlagUp() && isEmpty();
          return;
        }
      } else if (taken != -LinuxException.EINTR && taken != -LinuxException.EAGAIN) {
        throw LibC.failure("io_uring_enter", -taken);
      }
    }
  }

  /**
   * Takes the next completion; {@link #token} and {@link #result} tell of it then.
   *
   * @return false where there is none
   */
  public boolean next() {
    if (isEmpty()) {
      return false;
    }
    long at = completions + (long) COMPLETION_BYTES * (head & completionMask);
    token = rings.get(LONG, at);
    result = rings.get(INT, at + 8);
    head++;
    ORDERED.setRelease(rings, completionHead, head);
    return true;
  }

  public long token() {
    return token;
  }

  /** The number of bytes, or the negated error number. */
  public int result() {
    return result;
  }

  /** Ends the ring, once nothing is under way. */
  @Override
  public void close() {
    LibC.munmap(submissions.address(), submissions.byteSize());
    LibC.munmap(rings.address(), rings.byteSize());
    fd.close();
  }
}
