package org.lodge.storage.internal;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.lodge.filesystem.Rules;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was given to running guests and taken from them beside the definitions, for as long as they
 * run: {@code share/GUEST.json} in the run directory tells a Lodge that comes back. Thread-safe.
 */
@Component(service = LiveGrants.class)
public final class LiveGrants {
  private static final Logger LOG = LoggerFactory.getLogger(LiveGrants.class);
  private static final String JSON = ".json";

  /** Among what was taken from a guest: all that it was not granted since. No share's name. */
  private static final String ALL = "*";

  private final Path folder;
  private final Map<String, Live> byGuest = new HashMap<>();

  private record Live(TreeMap<String, Grant> granted, TreeSet<String> revoked) {
    Live() {
      this(new TreeMap<>(), new TreeSet<>());
    }
  }

  @Activate
  public LiveGrants(BundleContext context) {
    this(Path.of(context.getProperty("lodge.run")).resolve("share"));
  }

  LiveGrants(Path folder) {
    this.folder = folder;
    try {
      Files.createDirectories(folder);
      try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + JSON)) {
        for (Path file : files) {
          take(file);
        }
      }
    } catch (IOException e) {
      LOG.error("What guests were granted is not known: {}", e.toString());
    }
  }

  synchronized List<Grant> granted(String guest) {
    Live live = byGuest.get(guest);
    return live == null ? List.of() : List.copyOf(live.granted.values());
  }

  /** Whether a guest is to have it, unlike what somebody has added in vain. */
  boolean isWanted(Grant grant) {
    return grant.declared() || granted(grant.guest()).contains(grant);
  }

  synchronized boolean isRevoked(String guest, String share) {
    Live live = byGuest.get(guest);
    return live != null
        && (live.revoked.contains(share)
            || live.revoked.contains(ALL) && !live.granted.containsKey(share));
  }

  /** What is declared is not written down: only that it was not taken for good. */
  synchronized void grant(Grant grant) {
    Live live = byGuest.computeIfAbsent(grant.guest(), guest -> new Live());
    if (grant.declared()) {
      live.granted.remove(grant.share());
    } else {
      live.granted.put(grant.share(), grant);
    }
    live.revoked.remove(grant.share());
    write(grant.guest(), live);
  }

  synchronized void revoke(String guest, String share) {
    Live live = byGuest.computeIfAbsent(guest, name -> new Live());
    live.granted.remove(share);
    live.revoked.add(share);
    write(guest, live);
  }

  /** The guest begins anew, with what its definitions say. */
  synchronized void forget(String guest) {
    if (byGuest.remove(guest) != null) {
      try {
        Files.deleteIfExists(file(guest));
      } catch (IOException e) {
        LOG.warn("{} stays: {}", file(guest), e.toString());
      }
    }
  }

  private Path file(String guest) {
    return folder.resolve(guest + JSON);
  }

  private void write(String guest, Live live) {
    JsonArrayBuilder granted = Json.createArrayBuilder();
    for (Grant grant : live.granted.values()) {
      JsonObjectBuilder one =
          Json.createObjectBuilder()
              .add("share", grant.share())
              .add("from", grant.from())
              .add("path", grant.path())
              .add("file", grant.file())
              .add("readOnly", grant.rules().readOnly())
              .add("cache", grant.cache());
      grant.mount().ifPresent(mount -> one.add("mount", mount));
      granted.add(one);
    }
    JsonObject json =
        Json.createObjectBuilder()
            .add("granted", granted)
            .add("revoked", Json.createArrayBuilder(live.revoked))
            .build();
    Path partial = folder.resolve(guest + ".new");
    try {
      Files.writeString(partial, json.toString());
      Files.move(partial, file(guest), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      LOG.warn("A Lodge that comes back will not know the shares of {}: {}", guest, e.toString());
    }
  }

  /** What a guest must not have is told nowhere else: without that it gets nothing. */
  private void take(Path file) {
    String guest = file.getFileName().toString().replaceFirst("\\.json$", "");
    try {
      byGuest.put(guest, read(file, guest));
    } catch (NoSuchFileException e) {
      LOG.debug("{} went meanwhile", file);
    } catch (IOException | JsonException | NullPointerException | ClassCastException e) {
      LOG.error(
          "{} is not what Lodge writes there, an object with the lists granted and revoked; guest {}"
              + " gets no share until one is added, or the guest is started anew",
          file,
          guest);
      LOG.debug("{}", file, e);
      Live none = new Live();
      none.revoked.add(ALL);
      byGuest.put(guest, none);
    }
  }

  private static Live read(Path file, String guest) throws IOException {
    Live live = new Live();
    try (JsonReader reader = Json.createReader(new StringReader(Files.readString(file)))) {
      JsonObject json = reader.readObject();
      for (JsonObject each : json.getJsonArray("granted").getValuesAs(JsonObject.class)) {
        Grant grant =
            granted(
                each.getString("share"),
                guest,
                each.getString("from"),
                each.getString("path"),
                each.getBoolean("file", false),
                each.getBoolean("readOnly"),
                Optional.ofNullable(each.getString("mount", null)),
                each.getString("cache"));
        live.granted.put(grant.share(), grant);
      }
      json.getJsonArray("revoked").getValuesAs(JsonString.class).stream()
          .map(JsonString::getString)
          .forEach(live.revoked::add);
    }
    return live;
  }

  /** What a guest gets that no definition names. */
  static Grant granted(
      String share,
      String guest,
      String from,
      String path,
      boolean file,
      boolean readOnly,
      Optional<String> mount,
      String cache) {
    return new Grant(
        share,
        guest,
        from,
        path,
        file,
        false,
        Rules.of(readOnly),
        mount,
        cache,
        Optional.empty(),
        -1,
        0,
        Grant.WAIT,
        false);
  }
}
