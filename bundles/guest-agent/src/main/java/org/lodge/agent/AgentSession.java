package org.lodge.agent;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import org.lodge.vsock.VsockStream;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One guest's agent from its connecting to its going. Thread-safe; calls wait for the guest's
 * answer, at most for their limit, and throw {@link AgentException} where it says no, does not
 * answer, or goes. What they give back belongs to the caller, who closes it. What runs programs or
 * takes files, folders or sockets of the guest waits, within its limit, while the guest is still in
 * its initial RAM disk; {@link #serveFolder} says no there, with EAGAIN.
 */
@ProviderType
public interface AgentSession {

  String guest();

  AgentInfo info();

  boolean isOpen();

  /** Runs a program. */
  AgentProgram exec(ExecRequest request, Duration limit) throws IOException;

  /** Opens a regular file of the guest for reading. */
  AgentFile get(String path, Duration limit) throws IOException;

  /**
   * Writes a file of the guest. It stands under its name once it is whole; a former one stays until
   * then.
   *
   * @param mode such as 0644
   * @param sizeBytes how many bytes the content has
   * @param limit for everything but the content's own time
   */
  void put(String path, int mode, long sizeBytes, ReadableByteChannel content, Duration limit)
      throws IOException;

  /** Asks the guest's first process to shut down in order; the guest may take its time then. */
  void shutdown(ShutdownKind kind, Duration limit) throws IOException;

  GuestStats stats(Duration limit) throws IOException;

  /**
   * Reads the guest's clocks, at some time between call and return.
   *
   * @throws AgentException also where the agent is of a Lodge that did not ask for them
   */
  default GuestClocks clocks(Duration limit) throws IOException {
    throw new AgentException("this agent tells no clocks");
  }

  /** Connects to a Unix socket of the guest; its server sees an ordinary connection. */
  VsockStream openUnix(String path, Duration limit) throws IOException;

  /**
   * As {@link #openUnix}, with descriptors: the stream is one for {@link
   * org.lodge.agent.handles.Handles#open}.
   */
  VsockStream openUnixWithHandles(String path, Duration limit) throws IOException;

  /** Connects to a TCP port on the guest's loopback interface. */
  VsockStream openTcp(int port, Duration limit) throws IOException;

  /**
   * Lets a process of the guest serve a folder: FUSE's messages ({@code linux/fuse.h}) as they are,
   * one after the other, without INIT. FORGET, RELEASE and RELEASEDIR have no reply. Nodes and
   * handles end with the stream.
   *
   * @param create whether to make the folder where there is none; its parent must be there
   * @return belongs to the caller, who sends requests and reads replies
   */
  default VsockStream serveFolder(String path, boolean create, Duration limit) throws IOException {
    throw new AgentException("this agent serves no folders");
  }

  /**
   * Lets the agent listen on a Unix socket in the guest. Every connection to it becomes an {@link
   * AgentCall} for this service. Replaces a former one on this path; stays until {@link #unlisten},
   * also where the session ends.
   *
   * @param mode of the socket file, such as 0600
   * @param target as {@link AgentCall#target}
   */
  void listen(
      String path,
      int mode,
      int uid,
      int gid,
      String service,
      String argument,
      String target,
      Duration limit)
      throws IOException;

  /**
   * As {@link #listen}, for a socket that carries descriptors: each call is one {@linkplain
   * AgentCall#withHandles with handles}.
   */
  void listenWithHandles(
      String path,
      int mode,
      int uid,
      int gid,
      String service,
      String argument,
      String target,
      Duration limit)
      throws IOException;

  void unlisten(String path, Duration limit) throws IOException;

  /** Asks for a sign of life. */
  void ping(Duration limit) throws IOException;

  /** Ends the session; the agent connects again. */
  void close();
}
