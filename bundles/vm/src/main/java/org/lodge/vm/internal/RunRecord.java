package org.lodge.vm.internal;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code guest.json} in a guest's run directory: the definition it was started with, for a later
 * Lodge. It is written at each start and with each device that comes or goes, and need not survive
 * the host.
 *
 * @param file where the definition stood, by which its relative paths are read
 * @param text of the definition
 * @param devices those that the guest has now
 */
record RunRecord(String vmm, Path file, String text, List<DeviceDeclaration> devices) {
  private static final Logger LOG = LoggerFactory.getLogger(RunRecord.class);
  private static final String NAME = "guest.json";

  RunRecord withDevices(List<DeviceDeclaration> present) {
    return new RunRecord(vmm, file, text, present);
  }

  void write(Path runDirectory) throws IOException {
    JsonObject json =
        Json.createObjectBuilder()
            .add("version", 1)
            .add("vmm", vmm)
            .add("file", file.toString())
            .add("definition", text)
            .add("devices", DeviceDeclaration.json(devices))
            .build();
    Path partial = runDirectory.resolve(NAME + ".new");
    Files.writeString(partial, json.toString());
    Files.move(partial, runDirectory.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
  }

  /** The guest has ended. */
  static void forget(Path runDirectory) throws IOException {
    Files.deleteIfExists(runDirectory.resolve(NAME));
  }

  /** Empty where there is none that can be understood. */
  static Optional<RunRecord> read(Path runDirectory) throws IOException {
    String text;
    try {
      text = Files.readString(runDirectory.resolve(NAME));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    try (JsonReader reader = Json.createReader(new StringReader(text))) {
      JsonObject json = reader.readObject();
      return Optional.of(
          new RunRecord(
              json.getString("vmm"),
              Path.of(json.getString("file")),
              json.getString("definition"),
              DeviceDeclaration.list(json.getJsonArray("devices"))));
    } catch (RuntimeException e) {
      // Of every sort, by what is wrong with it.
      LOG.warn(
          "{} is damaged, so the guest's devices can't be served again: {}",
          runDirectory.resolve(NAME),
          e.toString());
      return Optional.empty();
    }
  }
}
