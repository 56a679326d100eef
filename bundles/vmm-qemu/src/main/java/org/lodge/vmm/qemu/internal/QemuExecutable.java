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
import java.util.Set;
import java.util.stream.Collectors;
import org.lodge.vmm.VmmException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The QEMU to run and what it can do. Its answers are kept in a file for as long as the executable
 * stays the same, so that a start asks nothing.
 */
final class QemuExecutable {
  private static final Logger LOG = LoggerFactory.getLogger(QemuExecutable.class);
  private static final String NAME = "qemu-system-x86_64";

  private final Optional<Path> configured;
  private final Path cache;
  private Answers known;

  /**
   * @param configured the executable to use instead of the one on the PATH
   * @param cache the file for the answers; need not exist
   */
  QemuExecutable(Optional<Path> configured, Path cache) {
    this.configured = configured;
    this.cache = cache;
  }

  /** An executable at one time: another build has another size or time. */
  record Identity(Path path, long modifiedMillis, long sizeBytes) {}

  /** What was found by running QEMU; {@code kvm} is empty until a guest was tried under it. */
  record Answers(Identity executable, QemuCapabilities capabilities, Optional<KvmTrial> kvm) {}

  /**
   * How a test guest did under KVM.
   *
   * @param bootId the host's boot, since a kernel or its settings may change with it
   * @param failure empty where the guest ran
   */
  record KvmTrial(String bootId, Optional<String> failure) {}

  private Identity identity() throws VmmException {
    Path path =
        configured
            .or(() -> Launcher.find(NAME))
            .orElseThrow(() ->
                new VmmException(
                    "exec", "no " + NAME + " on the PATH: apt-get install qemu-system-x86"));
    try {
      return new Identity(
          path.toAbsolutePath(), Files.getLastModifiedTime(path).toMillis(), Files.size(path));
    } catch (IOException e) {
      throw new VmmException(
          "exec",
          "lodge.qemu names %s, which can't be read: %s".formatted(path, e.getMessage()),
          List.of(),
          e);
    }
  }

  /** What this QEMU can do; asks it only if it is not the one that was asked before. */
  synchronized Answers answers() throws VmmException {
    Identity executable = identity();
    if (known == null) {
      known = read().orElse(null);
    }
    if (known == null || !known.executable().equals(executable)) {
      known = new Answers(executable, CapabilityProbe.ask(executable.path()), Optional.empty());
      write();
    }
    return known;
  }

  /** Notes how a test guest did, if the executable is still the same. */
  synchronized void remember(Identity executable, KvmTrial trial) {
    if (known != null && known.executable().equals(executable)) {
      known = new Answers(executable, known.capabilities(), Optional.of(trial));
      write();
    }
  }

  private Optional<Answers> read() {
    try (var reader = Text.JSON.createReader(new StringReader(Files.readString(cache)))) {
      return Optional.of(parse(reader.readObject()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | RuntimeException e) {
      LOG.info("{} is not understood and will be written anew", cache, e);
      return Optional.empty();
    }
  }

  private static Answers parse(JsonObject json) {
    Identity executable =
        new Identity(
            Path.of(json.getString("path")),
            Long.parseLong(json.getString("modifiedMillis")),
            Long.parseLong(json.getString("sizeBytes")));
    QemuCapabilities capabilities =
        new QemuCapabilities(
            strings(json, "options"),
            strings(json, "devices"),
            json.getBoolean("canRefuseSuspend"));
    return new Answers(
        executable,
        capabilities,
        Optional.ofNullable(json.getJsonObject("kvm"))
            .map(kvm ->
                new KvmTrial(
                    kvm.getString("bootId"), Optional.ofNullable(kvm.getString("failure", null)))));
  }

  private static Set<String> strings(JsonObject json, String key) {
    return json.getJsonArray(key).getValuesAs(JsonString.class).stream()
        .map(JsonString::getString)
        .collect(Collectors.toSet());
  }

  private void write() {
    var json =
        Text.JSON
            .createObjectBuilder()
            .add("path", known.executable().path().toString())
            .add("modifiedMillis", Long.toString(known.executable().modifiedMillis()))
            .add("sizeBytes", Long.toString(known.executable().sizeBytes()))
            .add("options", Text.JSON.createArrayBuilder(known.capabilities().options()))
            .add("devices", Text.JSON.createArrayBuilder(known.capabilities().devices()))
            .add("canRefuseSuspend", known.capabilities().canRefuseSuspend());
    known
        .kvm()
        .ifPresent(trial -> {
          var kvm = Text.JSON.createObjectBuilder().add("bootId", trial.bootId());
          trial.failure().ifPresent(failure -> kvm.add("failure", failure));
          json.add("kvm", kvm);
        });
    try {
      Files.createDirectories(cache.getParent());
      Path whole = Files.createTempFile(cache.getParent(), "probe", ".new");
      Files.writeString(whole, json.build() + "\n");
      Files.move(whole, cache, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      LOG.warn("what QEMU can do is asked again at the next start: {} can't be written", cache, e);
    }
  }
}
