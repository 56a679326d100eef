package org.lodge.virtio;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The logic of one virtio device. It sees features, a configuration space, queues and requests, and
 * never a socket, an eventfd or a memory table; so it can be replaced under a live guest and tested
 * without one.
 *
 * <p>Life, each step by the transport:
 *
 * <pre>
 * created ─ importState? ─ start ─┬─ startQueue ─ serve* ─ stopQueue ─┬─ exportState? ─ stop ─ close
 *                                 └──────── each queue, repeated ─────┘
 * </pre>
 *
 * A driver that resets the device, and a reboot of the guest, are a stop and a start. While the
 * guest is paused every queue is stopped, and the device is not.
 *
 * <p>Threads: {@link #serve} runs on one thread at a time per queue, several queues at once.
 * Everything else comes from one thread at a time, possibly while queues are served. Nothing here
 * may call back into the transport and wait for it. A step that takes longer than 5 seconds, {@link
 * #control} longer than 30, is given up. Where the device is dropped the step's thread is
 * interrupted, and only {@link #stop} and {@link #close} follow, once it is back. Where the device
 * goes on nothing else is asked of it before, but for {@link #startQueue} of a queue that it was to
 * hand over, which comes once more when it is back; a driver that comes meanwhile waits, and a
 * {@link #start} that was given up is followed by a stop and another start.
 */
@ConsumerType
public interface Device extends AutoCloseable {

  /**
   * The device-specific bits offered (0 to 23 and 50 to 127 are the device's, virtio 1.2 section
   * 2.2). The bits of the rings ({@link Feature}) are the transport's to offer. Constant over the
   * device's life.
   */
  long features();

  /** How many queues the device has, 1 to 256. Constant over the device's life. */
  int queueCount();

  /** The largest size of a queue that makes sense, a power of two up to 32768. */
  default int queueSizeMax(int index) {
    return 256;
  }

  /** The size of the configuration space in bytes, at most 256; 0 for none. */
  default int configSizeBytes() {
    return 0;
  }

  /**
   * Reads the configuration space, little-endian. A driver may read before features are accepted.
   *
   * @param offset in bytes
   * @param into filled from its position to its limit; offset and length are within {@link
   *     #configSizeBytes()}
   */
  default void readConfig(int offset, ByteBuffer into) {
    throw new IllegalStateException("this device has no configuration space");
  }

  /**
   * The driver writes to the configuration space.
   *
   * @throws DeviceException where the field is read-only or the value not allowed; nothing is
   *     changed then
   */
  default void writeConfig(int offset, ByteBuffer untrustedBytes) throws DeviceException {
    throw new DeviceException("config-write", "the configuration space is read-only");
  }

  /**
   * The driver is ready.
   *
   * @param acceptedFeatures all accepted bits, those of the rings too
   */
  void start(long acceptedFeatures) throws DeviceException;

  /** A queue can be used from now on. {@link #serve} follows in any case, kicked or not. */
  default void startQueue(Virtqueue queue) {}

  /**
   * Takes what the driver has made available: {@link Virtqueue#poll} until it gives null. Chains
   * may be kept and completed later, from any thread.
   *
   * @throws RingException as thrown by the queue, or made here where a request can't even be
   *     answered; the queue is broken then and served no more
   */
  void serve(Virtqueue queue) throws RingException;

  /**
   * Finishes or hands back every chain taken from this queue. Rate limits don't hold here.
   *
   * @return false where chains are still out when the limit has passed; the device may then be
   *     asked to go on as if nothing had been
   */
  default boolean stopQueue(Virtqueue queue, Duration limit) {
    return queue.awaitIdle(limit);
  }

  /** The driver has gone or the device is replaced. All queues have been stopped. */
  default void stop() {}

  /**
   * What the next device of this configuration must know, after all queues were stopped. It must
   * not repeat what the configuration says.
   */
  DeviceState exportState();

  /**
   * Takes over from a former device, before {@link #start}.
   *
   * @throws DeviceException where type or version are not understood; this device is then closed
   *     and the former goes on
   */
  void importState(DeviceState state) throws DeviceException;

  /** The commands that {@link #control} knows: name to a one-line description with arguments. */
  default Map<String, String> controls() {
    return Map.of();
  }

  /**
   * Does something to a device that may be running, such as {@code resize sizeBytes=…}.
   *
   * @return one sentence for a person: what is now true
   * @throws DeviceException where the command or an argument is not known or can't be done
   */
  default String control(String command, DeviceConfig arguments) throws DeviceException {
    throw new DeviceException(
        "control",
        controls().isEmpty()
            ? "there is nothing that such a device can be told"
            : "it does not know '%s'; it knows %s".formatted(command, known()));
  }

  private String known() {
    return controls().entrySet().stream()
        .map(each -> (each.getKey() + " " + each.getValue()).strip())
        .sorted()
        .collect(Collectors.joining("; "));
  }

  /** A snapshot for people and monitoring. Cheap; called at any time. */
  default List<Counter> counters() {
    return List.of();
  }

  /** Why the device can't do its work at present, as one sentence; empty while all is well. */
  default Optional<String> trouble() {
    return Optional.empty();
  }

  /** Lets go of files, threads and memory. Called once, last; not while a chain is out. */
  @Override
  void close();
}
