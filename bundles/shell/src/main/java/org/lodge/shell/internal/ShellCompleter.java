package org.lodge.shell.internal;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;
import org.lodge.connect.Broker;
import org.lodge.images.ImageStatus;
import org.lodge.images.Images;
import org.lodge.shell.Argument;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.storage.Shares;
import org.lodge.storage.Volumes;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.Guests;
import org.lodge.wayland.router.Window;
import org.lodge.wayland.router.Windows;

/** Completes command names, options and typed arguments from the commands' descriptions. */
public final class ShellCompleter implements Completer {
  private final CommandRegistry registry;
  private final Services services;
  private final GogoCommands gogo;
  private final Path folder;

  /**
   * @param gogo null where the container's own commands are not completed
   */
  public ShellCompleter(
      CommandRegistry registry, Services services, GogoCommands gogo, Path folder) {
    this.registry = registry;
    this.services = services;
    this.gogo = gogo;
    this.folder = folder;
  }

  @Override
  public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
    List<String> before = line.words().subList(0, line.wordIndex());
    String typed = line.word().substring(0, Math.min(line.wordCursor(), line.word().length()));
    candidates(before, typed)
        .forEach((value, help) ->
            candidates.add(
                new Candidate(
                    value,
                    value,
                    null,
                    help.isEmpty() ? null : help,
                    null,
                    null,
                    !value.endsWith("/") && !value.endsWith(":"))));
  }

  /** The words that may come next, and what they mean. */
  public Map<String, String> candidates(List<String> before, String typed) {
    Map<String, String> found = new TreeMap<>();
    if (before.isEmpty()) {
      for (Command command : registry.all()) {
        Description description = command.description();
        String[] words = description.name().split(" ", 2);
        found.putIfAbsent(words[0], words.length == 1 ? description.summary() : "");
      }
      if (gogo != null && !typed.isEmpty()) {
        gogo.names().stream()
            .filter(name -> !name.startsWith("lodge:"))
            .forEach(n -> found.putIfAbsent(n, ""));
      }
      return found;
    }
    String first = before.getFirst();
    for (Command member : registry.family(first)) {
      if (before.size() == 1) {
        Description description = member.description();
        found.put(description.name().substring(first.length() + 1), description.summary());
      }
    }
    // A command may have a family of its own, as windows and windows close.
    Optional<Command> command =
        before.size() < 2 ? Optional.empty() : registry.find(first + " " + before.get(1));
    int words = command.isPresent() ? 2 : 1;
    if (command.isEmpty()) {
      command = registry.find(first);
    }
    if (command.isPresent()) {
      Description description = command.get().description();
      values(description, before.subList(words, before.size()), typed, found);
    }
    return found;
  }

  private void values(
      Description description, List<String> before, String typed, Map<String, String> found) {
    String last = before.isEmpty() ? "" : before.getLast();
    for (Option option : CommandLine.options(description)) {
      if (option.kind() != Kind.FLAG && asks(last, option)) {
        found.putAll(ofKind(option.kind(), typed, List.of()));
        return;
      }
      if (typed.startsWith("-")) {
        found.put("--" + option.name(), option.help());
      }
    }
    if (typed.startsWith("-")) {
      return;
    }
    List<String> plain = plain(description, before);
    List<Argument> all = description.arguments();
    boolean several =
        all.stream()
            .anyMatch(a -> a.arity() == Argument.Arity.MANY || a.arity() == Argument.Arity.ANY);
    if (!all.isEmpty() && (plain.size() < all.size() || several)) {
      Argument next = all.get(Math.min(plain.size(), all.size() - 1));
      found.putAll(ofKind(next.kind(), typed, plain));
      before.forEach(found::remove);
    }
  }

  private static boolean asks(String word, Option option) {
    return word.equals("--" + option.name()) || word.equals("-" + option.letter());
  }

  /** Those that are neither options nor their values. */
  private static List<String> plain(Description description, List<String> words) {
    List<String> plain = new ArrayList<>();
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (!word.startsWith("-")) {
        plain.add(word);
      } else if (description.options().stream()
          .anyMatch(option -> option.kind() != Kind.FLAG && asks(word, option))) {
        i++;
      }
    }
    return plain;
  }

  private Map<String, String> ofKind(Kind kind, String typed, List<String> plain) {
    Map<String, String> found = new TreeMap<>();
    switch (kind) {
      case GUEST -> found.putAll(guests());
      case IMAGE -> {
        Images images = services.peek(Images.class);
        if (images != null) {
          for (ImageStatus image : images.list()) {
            found.put(image.name(), image.upToDate() ? "current" : "");
          }
        }
      }
      case VOLUME -> {
        Volumes volumes = services.peek(Volumes.class);
        if (volumes != null) {
          volumes.list().forEach(volume -> found.put(volume.name(), ""));
        }
      }
      case SHARE -> {
        Shares shares = services.peek(Shares.class);
        if (shares != null) {
          shares.list().stream()
              .filter(share -> plain.isEmpty() || share.guest().equals(plain.getLast()))
              .forEach(share -> found.put(share.share(), "of " + share.from()));
        }
      }
      case DEVICE -> found.putAll(devices(plain.isEmpty() ? null : plain.getLast()));
      case WINDOW -> {
        Windows windows = services.peek(Windows.class);
        if (windows != null) {
          for (Window window : windows.list()) {
            String title = window.guest() + ": " + SafeText.safe(window.title());
            found.put(Long.toString(window.id()), title);
          }
        }
      }
      case COMMAND ->
          registry.all().forEach(c -> found.put(c.description().name(), c.description().summary()));
      case PATH -> files(typed).forEach(file -> found.put(file, ""));
      case PLACE -> {
        files(typed).forEach(file -> found.put(file, ""));
        guests().forEach((name, state) -> found.put(name + ":", state));
      }
      case PARTY -> {
        found.putAll(guests());
        found.put("@host", "Lodge, and the person at its shell");
        found.put("@any", "every guest");
        found.put("@default", "a caller that names no target");
      }
      case SERVICE -> {
        Broker broker = services.peek(Broker.class);
        if (broker != null) {
          for (Broker.Offered offered : broker.services()) {
            found.put(offered.description().name(), SafeText.safe(offered.description().summary()));
          }
        }
      }
      case FLAG, TEXT, INTEGER, DURATION, SIZE, WORD -> {}
    }
    return found;
  }

  private Map<String, String> guests() {
    Map<String, String> found = new TreeMap<>();
    Guests guests = services.peek(Guests.class);
    if (guests != null) {
      try {
        for (GuestStatus status : guests.list()) {
          found.put(status.name(), GuestText.state(status));
        }
      } catch (CompletionException e) {
        return Map.of();
      }
    }
    return found;
  }

  private Map<String, String> devices(String guest) {
    Map<String, String> found = new TreeMap<>();
    Devices devices = services.peek(Devices.class);
    if (devices != null) {
      try {
        devices.list(guest).forEach(device -> found.put(device.id(), device.type()));
      } catch (GuestException e) {
        return Map.of();
      }
    }
    return found;
  }

  private List<String> files(String typed) {
    String parent = typed.substring(0, typed.lastIndexOf('/') + 1);
    List<String> files = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder.resolve(parent))) {
      for (Path file : found) {
        files.add(parent + file.getFileName() + (Files.isDirectory(file) ? "/" : ""));
      }
    } catch (IOException e) {
      return List.of();
    }
    return files;
  }
}
