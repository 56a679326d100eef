package org.lodge.vhostuser.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.ServiceManager;
import org.lodge.linux.UnixListener;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.linux.internal.Ancillary;
import org.lodge.linux.internal.Envelope;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.FileDescriptorCast;

/**
 * A service manager for processes that tests start and kill: takes descriptors by {@code FDSTORE}
 * datagrams, and gives them all to the next process over a stream socket, which stands in for the
 * inheritance that a Java parent can't give. As systemd, it takes no notice of a file that it has.
 */
final class StoreServer implements AutoCloseable {
  final FakeStore store = new FakeStore();
  private final AFUNIXDatagramSocket socket;
  private final UnixListener next;

  StoreServer(Path notifyPath, Path nextPath) throws IOException {
    socket = AFUNIXDatagramSocket.newInstance();
    socket.bind(AFUNIXSocketAddress.of(notifyPath));
    next = UnixListener.bind(nextPath);
    int number = FileDescriptorCast.using(socket.getFileDescriptor()).as(Integer.class);
    Thread.ofPlatform().daemon().name("store").start(() -> receive(number));
  }

  private void receive(int number) {
    Ancillary ancillary = new Ancillary();
    MemorySegment buffer = Arena.ofAuto().allocate(4096);
    while (true) {
      List<Fd> fds = new ArrayList<>();
      try {
        int count =
            ancillary.receive(
                number, buffer.address(), buffer.byteSize(), 0, n -> fds.add(Fd.adopt(n)));
        if (count <= 0) {
          return;
        }
        String text =
            new String(
                buffer.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        String name = text.substring(text.indexOf("FDNAME=") + 7);
        if (text.startsWith("FDSTORE=1")) {
          for (Fd fd : fds) {
            if (!keeps(fd)) {
              store.keep(name, List.of(fd));
            }
          }
        } else {
          store.forget(name);
        }
      } catch (LinuxException e) {
        throw new AssertionError(e);
      } finally {
        fds.forEach(Fd::close);
      }
    }
  }

  private boolean keeps(Fd fd) {
    return store.kept.values().stream().anyMatch(each -> inode(each).equals(inode(fd)));
  }

  private static Object inode(Fd fd) {
    try {
      return Files.getAttribute(Path.of("/proc/self/fd/" + fd.number()), "unix:ino");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Gives everything to a process that has just been started. */
  void handOut() throws LinuxException {
    try (UnixStreamSocket process = next.accept()) {
      for (Map.Entry<String, Fd> each : store.kept.entrySet()) {
        byte[] name = (each.getKey() + "\n").getBytes(StandardCharsets.UTF_8);
        MemorySegment bytes = Arena.ofAuto().allocate(name.length);
        MemorySegment.copy(name, 0, bytes, ValueLayout.JAVA_BYTE, 0, name.length);
        process.send(bytes, 5000, List.of(each.getValue()));
      }
    }
  }

  /** The other end of {@link #handOut}: a manager that was there before this process. */
  static ServiceManager inherit(Path notifyPath, Path nextPath) throws LinuxException {
    ServiceManager manager = ServiceManager.of(Map.of("NOTIFY_SOCKET", notifyPath.toString()));
    List<ServiceManager.StoredFd> inherited = new ArrayList<>();
    try (UnixStreamSocket parent = UnixStreamSocket.connect(nextPath)) {
      MemorySegment buffer = Arena.ofAuto().allocate(4096);
      while (true) {
        List<Fd> fds = new ArrayList<>();
        parent.awaitReadable(-1);
        int count = parent.receive(buffer, fds::add);
        if (count == UnixStreamSocket.END_OF_STREAM) {
          break;
        }
        String name =
            new String(
                buffer.asSlice(0, count - 1).toArray(ValueLayout.JAVA_BYTE),
                StandardCharsets.UTF_8);
        inherited.add(new ServiceManager.StoredFd(name, Envelope.open(fds.getFirst())));
      }
    }
    return new ServiceManager() {
      @Override
      public boolean isPresent() {
        return true;
      }

      @Override
      public boolean tell(String... assignments) {
        return manager.tell(assignments);
      }

      @Override
      public boolean keep(String name, List<? extends Fd> fds) throws LinuxException {
        return manager.keep(name, fds);
      }

      @Override
      public void forget(String name) {
        manager.forget(name);
      }

      @Override
      public List<StoredFd> take(String namePrefix) {
        List<StoredFd> taken =
            inherited.stream().filter(each -> each.name().startsWith(namePrefix)).toList();
        inherited.removeAll(taken);
        return taken;
      }
    };
  }

  @Override
  public void close() throws IOException {
    socket.close();
    next.close();
    store.close();
  }
}
