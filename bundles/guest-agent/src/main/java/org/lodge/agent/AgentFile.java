package org.lodge.agent;

import org.lodge.vsock.VsockStream;

/**
 * A file of a guest that is being read.
 *
 * @param sizeBytes when it was opened; the content may end before, where the file was truncated
 * @param mode its permissions
 * @param modifiedSeconds since 1970
 * @param content ends with the file; belongs to the caller
 */
public record AgentFile(long sizeBytes, int mode, long modifiedSeconds, VsockStream content)
    implements AutoCloseable {

  @Override
  public void close() {
    content.close();
  }
}
