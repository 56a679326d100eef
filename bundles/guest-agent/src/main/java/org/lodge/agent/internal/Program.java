package org.lodge.agent.internal;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.ExitStatus;
import org.lodge.vsock.VsockStream;

/** A program that was started through a session. */
record Program(
    Session session,
    long call,
    int pid,
    VsockStream stream,
    VsockStream errorStream,
    CompletableFuture<ExitStatus> exitFuture)
    implements AgentProgram {

  @Override
  public Optional<VsockStream> errors() {
    return Optional.ofNullable(errorStream);
  }

  @Override
  public CompletionStage<ExitStatus> exit() {
    return exitFuture.minimalCompletionStage();
  }

  @Override
  public void resize(int rows, int columns) throws IOException {
    session.resize(call, rows, columns);
  }

  @Override
  public void signal(int number) throws IOException {
    session.signal(call, number);
  }

  @Override
  public void close() {
    session.forget(call);
    stream.close();
    errors().ifPresent(VsockStream::close);
  }
}
