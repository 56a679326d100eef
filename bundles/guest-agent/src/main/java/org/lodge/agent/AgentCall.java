package org.lodge.agent;

import java.io.IOException;
import java.util.concurrent.CompletionStage;
import org.lodge.vsock.VsockStream;
import org.osgi.annotation.versioning.ProviderType;

/** A program of a guest asks for a service by name. To be answered once. */
@ProviderType
public interface AgentCall {

  String guest();

  /** Untrusted: printable ASCII, 1 to 128 characters; otherwise the call was refused before. */
  String service();

  /** Untrusted: printable ASCII, at most 256 characters. */
  String argument();

  /**
   * Untrusted: whom the program wants, a guest, {@code @host} or {@code @default}; printable ASCII,
   * 1 to 128 characters.
   */
  String target();

  /**
   * Whether the program connected to a socket that carries descriptors: then the stream is one for
   * {@link org.lodge.agent.handles.Handles#open}.
   */
  default boolean withHandles() {
    return false;
  }

  /**
   * Whether root of the guest asks: its agent does so for a program that connected to a socket,
   * whose mode has let that in.
   */
  default boolean asRoot() {
    return false;
  }

  /** Says yes. The stream belongs to the caller and carries the bytes of both sides. */
  VsockStream accept() throws IOException;

  /**
   * Says yes, and later how it went, to a caller that wants to know.
   *
   * @param outcome of what serves the call; where it fails the caller hears that it was lost
   */
  default VsockStream accept(CompletionStage<ExitStatus> outcome) throws IOException {
    return accept();
  }

  /**
   * As {@link #accept(CompletionStage)}, where a program serves the call: it may read on after its
   * output has ended, so that the caller is through when it ends, and not before.
   */
  default VsockStream acceptProgram(CompletionStage<ExitStatus> outcome) throws IOException {
    return accept(outcome);
  }

  /**
   * Says no.
   *
   * @param reason at most 256 characters, shown in the guest
   */
  void refuse(String reason);
}
