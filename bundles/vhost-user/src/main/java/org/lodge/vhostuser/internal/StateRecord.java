package org.lodge.vhostuser.internal;

import jakarta.json.Json;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import java.io.StringReader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.MemFd;
import org.lodge.linux.SharedMapping;

/**
 * What was negotiated, in memory that outlives this process: two slots of which one is valid, so
 * that being killed in the middle of writing loses the new state only.
 *
 * <pre>
 *    0 u64 magic   8 u32 valid slot, bit 8: a reply is still to be sent
 * 4096 slot 0, then slot 1: u32 length, u32 CRC-32C, JSON text
 * </pre>
 */
final class StateRecord implements AutoCloseable {
  private static final long MAGIC = 0x3130726573756876L;
  private static final int VALID = 8;
  private static final int REPLY_DUE = 1 << 8;
  static final int SLOTS = 4096;
  private static final int SLOT_BYTES = 2 << 20;
  private static final int HEADER_BYTES = 8;
  private static final long SIZE_BYTES = SLOTS + 2L * SLOT_BYTES;
  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

  private final Held<Fd> file;
  private final SharedMapping mapping;
  private final MemorySegment memory;

  private StateRecord(Held<Fd> file) throws LinuxException {
    this.file = file;
    mapping = SharedMapping.of(file.fd(), 0, SIZE_BYTES);
    memory = mapping.segment();
  }

  static StateRecord create(DescriptorStore store) throws LinuxException {
    StateRecord record =
        new StateRecord(Held.of("record", MemFd.sealed("lodge-vhost-user", SIZE_BYTES), store));
    record.memory.set(ValueLayout.JAVA_LONG, 0, MAGIC);
    return record;
  }

  /** An earlier process's record; owns the file. */
  static StateRecord restore(Held<Fd> file) throws LinuxException {
    StateRecord record;
    try {
      record = new StateRecord(file);
    } catch (LinuxException e) {
      file.fd().close();
      throw e;
    }
    if (record.memory.get(ValueLayout.JAVA_LONG, 0) != MAGIC) {
      record.close();
      throw new LinuxException("restore", LinuxException.EINVAL, "this is no record of a backend");
    }
    return record;
  }

  void write(JsonObject state, boolean replyDue) throws LinuxException {
    byte[] text = state.toString().getBytes(StandardCharsets.UTF_8);
    if (text.length > SLOT_BYTES - HEADER_BYTES) {
      throw new LinuxException(
          "record", LinuxException.EINVAL, "a state of " + text.length + " bytes is too long");
    }
    int slot = 1 - valid();
    long at = SLOTS + (long) slot * SLOT_BYTES;
    MemorySegment.copy(text, 0, memory, ValueLayout.JAVA_BYTE, at + HEADER_BYTES, text.length);
    memory.set(ValueLayout.JAVA_INT, at, text.length);
    memory.set(ValueLayout.JAVA_INT, at + 4, checksum(text));
    INT.setRelease(memory, (long) VALID, slot | (replyDue ? REPLY_DUE : 0));
  }

  /** The reply that the state speaks of is on its way. */
  void replySent() {
    INT.setRelease(memory, (long) VALID, valid());
  }

  boolean replyDue() {
    return ((int) INT.getAcquire(memory, (long) VALID) & REPLY_DUE) != 0;
  }

  JsonObject read() throws LinuxException {
    long at = SLOTS + (long) valid() * SLOT_BYTES;
    int length = memory.get(ValueLayout.JAVA_INT, at);
    if (length <= 0 || length > SLOT_BYTES - HEADER_BYTES) {
      throw new LinuxException("restore", LinuxException.EINVAL, "the record is empty");
    }
    byte[] text = memory.asSlice(at + HEADER_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
    if (checksum(text) != memory.get(ValueLayout.JAVA_INT, at + 4)) {
      throw new LinuxException("restore", LinuxException.EINVAL, "the record is damaged");
    }
    try (var reader =
        Json.createReader(new StringReader(new String(text, StandardCharsets.UTF_8)))) {
      return reader.readObject();
    } catch (JsonException e) {
      throw new LinuxException("restore", LinuxException.EINVAL, e.getMessage());
    }
  }

  private int valid() {
    return (int) INT.getAcquire(memory, (long) VALID) & 1;
  }

  private static int checksum(byte[] text) {
    CRC32C crc = new CRC32C();
    crc.update(text);
    return (int) crc.getValue();
  }

  void drop() {
    mapping.close();
    file.drop();
  }

  @Override
  public void close() {
    mapping.close();
    file.fd().close();
  }
}
