package org.lodge.vmm.qemu.internal;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.AcceleratorChoice;
import org.lodge.vmm.ProcessIdentity;

/**
 * What a later Lodge needs to find a guest's QEMU again: the file {@code vmm.json} of its run
 * directory, written before QEMU is executed.
 *
 * @param uid the user that QEMU runs as
 */
record ProcessRecord(
    String guest,
    ProcessIdentity process,
    long uid,
    AcceleratorChoice accelerator,
    List<String> commandLine) {
  static final String FILE = "vmm.json";

  ProcessRecord {
    commandLine = List.copyOf(commandLine);
  }

  /** Empty where there is none, or none that can be understood. */
  static Optional<ProcessRecord> read(Path runDirectory) throws IOException {
    String text;
    try {
      text = Files.readString(runDirectory.resolve(FILE));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    try (var reader = Text.JSON.createReader(new StringReader(text))) {
      return Optional.of(parse(reader.readObject()));
    } catch (RuntimeException e) {
      // Parse errors of every sort: a file that is not ours, or one of another version of Lodge.
      return Optional.empty();
    }
  }

  private static ProcessRecord parse(JsonObject json) {
    return new ProcessRecord(
        json.getString("guest"),
        new ProcessIdentity(
            Long.parseLong(json.getString("pid")),
            Long.parseLong(json.getString("startTicks")),
            json.getString("bootId")),
        Long.parseLong(json.getString("uid")),
        new AcceleratorChoice(
            Accelerator.valueOf(json.getString("accelerator")),
            json.getString("acceleratorReason")),
        json.getJsonArray("commandLine").getValuesAs(JsonString::getString));
  }

  /** All of it or nothing: a reader never sees half a file. */
  void write(Path runDirectory) throws IOException {
    JsonObject json =
        Text.JSON
            .createObjectBuilder()
            .add("guest", guest)
            .add("pid", Long.toString(process.pid()))
            .add("startTicks", Long.toString(process.startTicks()))
            .add("bootId", process.bootId())
            .add("uid", Long.toString(uid))
            .add("accelerator", accelerator.accelerator().name())
            .add("acceleratorReason", accelerator.reason())
            .add("commandLine", Text.JSON.createArrayBuilder(commandLine))
            .build();
    Path whole = runDirectory.resolve(FILE + ".new");
    Files.writeString(whole, json + "\n");
    Files.move(whole, runDirectory.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
  }
}
