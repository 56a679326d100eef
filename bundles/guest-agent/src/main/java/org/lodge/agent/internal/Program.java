package org.lodge.agent.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.ExitStatus;
import org.lodge.vsock.VsockStream;

/** A program that was started through a session. */
record Program(
    AgentChannel channel,
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
    ByteBuffer body = Wire.buffer(4).putShort((short) rows).putShort((short) columns).flip();
    channel.send(Wire.RESIZE, call, body);
  }

  @Override
  public void signal(int number) throws IOException {
    channel.send(Wire.SIGNAL, call, Wire.buffer(4).putInt(number).flip());
  }

  @Override
  public void close() {
    channel.forgetExit(call);
    stream.close();
    errors().ifPresent(VsockStream::close);
  }
}
