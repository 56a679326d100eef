package org.lodge.itests.vsock;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A guest by hand, with the kernel of an image of Lodge, in which {@code vsock-driver} is the only
 * program. It is told what to do on its serial port.
 */
public final class TestVm {
  private static final int BOOT_SECONDS = 120;

  private final String name;
  private final Process process;
  private final SocketChannel console;
  private final LinkedBlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();

  private TestVm(String name, Process process, SocketChannel console) {
    this.name = name;
    this.process = process;
    this.console = console;
  }

  /**
   * Starts a guest and waits until its driver is ready.
   *
   * @param device socket of the vhost-user backend that serves its virtio sockets
   */
  public static TestVm start(VsockKit kit, Path folder, String name, Path device) throws Exception {
    Path console = folder.resolve(name + ".console");
    List<String> command = new ArrayList<>();
    command.addAll(List.of("qemu-system-x86_64", "-accel", "tcg", "-M", "q35,memory-backend=mem"));
    command.addAll(List.of("-object", "memory-backend-memfd,id=mem,size=256M,share=on"));
    command.addAll(List.of("-m", "256", "-smp", "1,maxcpus=2", "-nodefaults", "-no-user-config"));
    command.addAll(List.of("-display", "none", "-no-reboot"));
    command.addAll(List.of("-serial", "unix:" + console + ",server=on,wait=off"));
    command.addAll(List.of("-kernel", kit.kernel().toString(), "-initrd", kit.initrd().toString()));
    command.addAll(List.of("-append", VsockKit.KERNEL_ARGUMENTS));
    command.addAll(List.of("-chardev", "socket,id=vsock,path=" + device));
    command.addAll(List.of("-device", "vhost-user-vsock-pci,chardev=vsock"));
    Path output = folder.resolve(name + ".output");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      TestVm vm = new TestVm(name, process, connect(console, process, output));
      Thread.ofPlatform().daemon().name("console-" + name).start(vm::readAll);
      vm.await("vsock-driver: ready", BOOT_SECONDS);
      return vm;
    } catch (Exception e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private static SocketChannel connect(Path path, Process process, Path output) throws Exception {
    while (true) {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(path));
        return channel;
      } catch (IOException e) {
        channel.close();
        if (!process.isAlive()) {
          throw new IOException("QEMU ended: " + Files.readString(output), e);
        }
        Thread.sleep(2);
      }
    }
  }

  private void readAll() {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(Channels.newInputStream(console), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        lines.add(Optional.of(line.strip()));
      }
    } catch (IOException e) {
      // The guest has ended.
    }
    lines.add(Optional.empty());
  }

  private String next(int limitSeconds) throws IOException {
    try {
      Optional<String> line = lines.poll(limitSeconds, TimeUnit.SECONDS);
      if (line == null) {
        throw new IOException("guest %s says nothing for %d s".formatted(name, limitSeconds));
      }
      return line.orElseThrow(() -> new IOException("guest %s has ended".formatted(name)));
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
  }

  private void await(String wanted, int limitSeconds) throws IOException {
    String line = next(limitSeconds);
    while (!line.contains(wanted)) {
      line = next(limitSeconds);
    }
  }

  private void say(String line) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      console.write(bytes);
    }
  }

  /** Starts a server of the driver; returns once it listens. */
  public void serve(String arguments) throws IOException {
    say("& serve " + arguments);
    await("listening", 60);
  }

  /** Begins a call that is not waited for. */
  public void begin(String call) throws IOException {
    say("& " + call);
  }

  /** The result of a call that was begun. */
  public Result result(int limitSeconds) throws IOException {
    while (true) {
      String line = next(limitSeconds);
      if (line.startsWith("error")) {
        throw new IOException("guest %s: %s".formatted(name, line));
      }
      if (line.startsWith("result")) {
        return new Result(line);
      }
    }
  }

  /** Has the driver do something and waits for its result. */
  public Result call(String call, int limitSeconds) throws IOException {
    say(call);
    Result result = null;
    IOException failure = null;
    for (String line = ""; !line.startsWith("done"); line = next(limitSeconds)) {
      if (line.startsWith("error")) {
        failure = new IOException("guest %s: %s: %s".formatted(name, call, line));
      } else if (line.startsWith("result")) {
        result = new Result(line);
      }
    }
    if (failure != null || result == null) {
      throw failure != null ? failure : new IOException("no result of " + call);
    }
    return result;
  }

  public Process process() {
    return process;
  }

  public void close() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }
}
