package org.lodge.linux.internal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.ServiceManager;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.FileDescriptorCast;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The service manager at the end of {@code NOTIFY_SOCKET}. */
@Component
public final class NotifySocket implements ServiceManager {
  private static final Logger log = LoggerFactory.getLogger(NotifySocket.class);
  private static final int FIRST_INHERITED = 3;
  private static final int SEND_LIMIT_MILLIS = 2000;
  private static final int ECONNREFUSED = 111;
  private static final Pattern NAME = Pattern.compile("[ -9;-~]{1,255}");

  private final AFUNIXDatagramSocket socket;
  private final Ancillary out = new Ancillary();
  private final List<StoredFd> inherited;
  private volatile boolean gone;

  /** The manager of this process. */
  @Activate
  public NotifySocket() {
    this(System.getenv());
  }

  public NotifySocket(Map<String, String> environment) {
    this.socket = connect(environment.getOrDefault("NOTIFY_SOCKET", ""));
    this.inherited = inherited(environment);
  }

  private static AFUNIXDatagramSocket connect(String address) {
    if (address.isEmpty()) {
      return null;
    }
    try {
      AFUNIXDatagramSocket socket = AFUNIXDatagramSocket.newInstance();
      socket.connect(
          address.startsWith("@")
              ? AFUNIXSocketAddress.inAbstractNamespace(address.substring(1))
              : AFUNIXSocketAddress.of(Path.of(address)));
      return socket;
    } catch (IOException e) {
      log.warn("The service manager at {} can't be reached: {}", address, e.toString());
      return null;
    }
  }

  @Override
  public boolean isPresent() {
    return socket != null && !gone;
  }

  private static List<StoredFd> inherited(Map<String, String> environment) {
    List<StoredFd> fds = new ArrayList<>();
    if (!Long.toString(ProcessHandle.current().pid()).equals(environment.get("LISTEN_PID"))) {
      return fds;
    }
    int count = Integer.parseInt(environment.getOrDefault("LISTEN_FDS", "0"));
    String[] names = environment.getOrDefault("LISTEN_FDNAMES", "").split(":", -1);
    for (int i = 0; i < count; i++) {
      int number = FIRST_INHERITED + i;
      if (LibC.fcntl(number, LibC.F_SETFD, LibC.FD_CLOEXEC) == 0) {
        String name = i < names.length ? names[i] : "unknown";
        try {
          fds.add(new StoredFd(name, Envelope.open(Fd.adopt(number))));
        } catch (LinuxException e) {
          log.error("What was stored as {} is lost: {}", name, e.getMessage());
        }
      }
    }
    return fds;
  }

  @Override
  public boolean tell(String... assignments) {
    return isPresent() && send(String.join("\n", assignments), List.of()) >= 0;
  }

  @Override
  public boolean keep(String name, List<? extends Fd> fds) throws LinuxException {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("not a name for stored descriptors: " + name);
    }
    if (!isPresent()) {
      return false;
    }
    List<Fd> sealed = new ArrayList<>();
    int sent;
    try {
      for (Fd fd : fds) {
        sealed.add(Envelope.seal(fd));
      }
      sent = send("FDSTORE=1\nFDNAME=" + name, sealed);
    } finally {
      sealed.forEach(Fd::close);
    }
    if (sent == -ECONNREFUSED) {
      gone = true;
      log.warn("The service manager has died: a restart of Lodge will find no descriptors");
      return false;
    }
    if (sent < 0) {
      throw LibC.failure("store descriptors as " + name, -sent);
    }
    return true;
  }

  @Override
  public void forget(String name) {
    tell("FDSTOREREMOVE=1", "FDNAME=" + name);
  }

  private synchronized int send(String message, List<? extends Fd> fds) {
    int[] numbers = fds.stream().mapToInt(Fd::number).toArray();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes =
          arena.allocateFrom(ValueLayout.JAVA_BYTE, message.getBytes(StandardCharsets.UTF_8));
      int number = FileDescriptorCast.using(socket.getFileDescriptor()).as(Integer.class);
      int sent;
      do {
        sent = out.send(number, bytes.address(), bytes.byteSize(), numbers);
      } while (sent == -LinuxException.EAGAIN && Poll.writable(number, SEND_LIMIT_MILLIS));
      return sent;
    } catch (LinuxException e) {
      return -e.errno();
    } catch (IOException e) {
      log.warn("The service manager's socket failed: {}", e.toString());
      return -LinuxException.EBADF;
    }
  }

  @Override
  public synchronized List<StoredFd> take(String namePrefix) {
    List<StoredFd> taken = new ArrayList<>();
    for (Iterator<StoredFd> each = inherited.iterator(); each.hasNext(); ) {
      StoredFd stored = each.next();
      if (stored.name().startsWith(namePrefix)) {
        taken.add(stored);
        each.remove();
      }
    }
    return taken;
  }
}
