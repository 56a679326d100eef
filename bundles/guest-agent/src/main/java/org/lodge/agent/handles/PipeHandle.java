package org.lodge.agent.handles;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A pipe or connected socket that an agent holds one end of. One thread may read while another
 * writes; both wait, so they are meant for virtual threads of their own. Nothing is queued beyond
 * 64 KiB: who does not read stalls only the one who writes.
 *
 * <p>What arrives is taken from the guest by the thread that is in {@link
 * HandleConnection#receive}; while nobody is there pipes stand still.
 */
@ProviderType
public interface PipeHandle extends Handle {

  /** Whether the host can read what comes out of it. */
  boolean readable();

  /** Whether the host can write into it. */
  boolean writable();

  /**
   * Waits for bytes and takes what is there.
   *
   * @return how many, at least 1 unless the buffer has no room; -1 at the end
   * @throws IOException where it broke, or the connection has ended
   */
  int read(ByteBuffer into) throws IOException;

  /**
   * Sends all bytes from position to limit and waits until the agent has room for them.
   *
   * @throws IOException where its reader has gone, or the connection has ended
   */
  void write(ByteBuffer from) throws IOException;

  /** Says that nothing more will be written; its reader sees an end after all that was written. */
  void endOutput() throws IOException;
}
