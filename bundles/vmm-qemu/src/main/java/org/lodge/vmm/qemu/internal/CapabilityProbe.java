package org.lodge.vmm.qemu.internal;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lodge.vmm.VmmException;

/** Asks a QEMU executable what it can do, by running it once without a machine. */
final class CapabilityProbe {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final String POWER_MANAGEMENT = "ICH9-LPC";

  private CapabilityProbe() {}

  static QemuCapabilities ask(Path executable) throws VmmException {
    List<String> command =
        List.of(
            executable.toString(),
            "-nodefaults",
            "-no-user-config",
            "-machine",
            "none",
            "-display",
            "none",
            "-S",
            "-qmp",
            "stdio");
    Process process = null;
    try {
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      ByteChannel channel = new Pipes(process);
      try (QmpConnection qmp = new QmpConnection("probe", channel, event -> {})) {
        qmp.negotiate(LIMIT);
        return capabilities(qmp);
      }
    } catch (IOException | ClassCastException e) {
      throw failed(executable, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(executable, e);
    } finally {
      if (process != null) {
        process.destroyForcibly();
      }
    }
  }

  private static VmmException failed(Path executable, Exception cause) {
    return new VmmException(
        "probe",
        "%s could not be asked what it can do: %s".formatted(executable, cause.getMessage()),
        List.of(),
        cause);
  }

  private static QemuCapabilities capabilities(QmpConnection qmp)
      throws QmpException, InterruptedException {
    JsonValue options = qmp.execute(QmpRequest.Plain.QUERY_COMMAND_LINE_OPTIONS, LIMIT);
    JsonValue devices = qmp.execute(new QmpRequest.QomListTypes("device"), LIMIT);
    Set<String> deviceNames = strings(devices, "name");
    Set<String> powerManagement =
        deviceNames.contains(POWER_MANAGEMENT)
            ? strings(
                qmp.execute(new QmpRequest.DeviceListProperties(POWER_MANAGEMENT), LIMIT), "name")
            : Set.of();
    return new QemuCapabilities(
        strings(options, "option"),
        deviceNames,
        powerManagement.containsAll(Set.of("disable_s3", "disable_s4")));
  }

  private static Set<String> strings(JsonValue list, String key) {
    Set<String> strings = new HashSet<>();
    for (JsonValue each : (JsonArray) list) {
      if (((JsonObject) each).get(key) instanceof JsonString name) {
        strings.add(name.getString());
      }
    }
    return strings;
  }

  /** The standard streams of a process as one channel. */
  private static final class Pipes implements ByteChannel {
    private final Process process;
    private final ReadableByteChannel output;
    private final WritableByteChannel input;

    Pipes(Process process) {
      this.process = process;
      output = Channels.newChannel(process.getInputStream());
      input = Channels.newChannel(process.getOutputStream());
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      return output.read(target);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
      int count = input.write(source);
      process.getOutputStream().flush();
      return count;
    }

    @Override
    public boolean isOpen() {
      return process.isAlive();
    }

    /** Ends the process, which ends a read under way: closing a pipe that is read would wait. */
    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
