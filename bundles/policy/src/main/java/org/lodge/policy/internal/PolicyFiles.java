package org.lodge.policy.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lodge.policy.Finding;
import org.lodge.policy.PolicySyntaxException;
import org.lodge.policy.Rule;

/**
 * What the policy's folder says at one moment.
 *
 * @param rules in the order of the files' names, then of their lines
 * @param problems files that can't be trusted and lines that can't be read
 */
record PolicyFiles(List<Rule> rules, List<Finding> problems) {
  static final String SUFFIX = ".policy";
  static final int MAX_FILE_BYTES = 1 << 20;
  static final int MAX_RULES = 100_000;

  PolicyFiles {
    rules = List.copyOf(rules);
    problems = List.copyOf(problems);
  }

  /** Why nothing may be allowed; empty if every file can be trusted. */
  Optional<String> distrust() {
    return problems.stream()
        .filter(problem -> problem.kind() == Finding.Kind.UNTRUSTED_FILE)
        .findFirst()
        .map(Finding::toString);
  }

  /** Reads every file of the folder. Never fails: what can't be read is a problem. */
  static PolicyFiles read(Path folder) {
    List<Rule> rules = new ArrayList<>();
    List<Finding> problems = new ArrayList<>();
    if (Files.notExists(folder)) {
      return new PolicyFiles(rules, problems);
    }
    List<Path> files;
    try {
      files = list(folder);
    } catch (IOException | DirectoryIteratorException e) {
      problems.add(untrusted(folder, "the folder can't be read: " + e));
      return new PolicyFiles(rules, problems);
    }
    for (Path file : files) {
      try {
        Optional<String> objection = Trust.objection(file);
        if (objection.isPresent()) {
          problems.add(untrusted(file, objection.get()));
          continue;
        }
        parse(file.getFileName().toString(), text(file), rules, problems);
      } catch (CharacterCodingException e) {
        problems.add(untrusted(file, "it is not UTF-8; save it as UTF-8"));
      } catch (IOException e) {
        problems.add(untrusted(file, "it can't be read: " + e));
      }
    }
    if (rules.size() > MAX_RULES) {
      problems.add(untrusted(folder, "more than " + MAX_RULES + " rules; use tags"));
    }
    return new PolicyFiles(rules, problems);
  }

  static void parse(String file, String text, List<Rule> rules, List<Finding> problems) {
    String[] lines = text.split("\r?\n", -1);
    for (int i = 0; i < lines.length; i++) {
      try {
        RuleParser.parse(file, i + 1, lines[i]).ifPresent(rules::add);
      } catch (PolicySyntaxException e) {
        problems.add(new Finding(Finding.Kind.BAD_LINE, file, i + 1, e.getMessage()));
      }
    }
  }

  private static List<Path> list(Path folder) throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
      for (Path file : all) {
        if (!file.getFileName().toString().startsWith(".")) {
          files.add(file);
        }
      }
    }
    files.sort(null);
    return files;
  }

  private static String text(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException("not a regular file");
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
      if (bytes.length > MAX_FILE_BYTES) {
        throw new IOException("larger than " + MAX_FILE_BYTES + " bytes");
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    }
  }

  private static Finding untrusted(Path path, String why) {
    return new Finding(
        Finding.Kind.UNTRUSTED_FILE,
        path.getFileName().toString(),
        0,
        "everything is denied, as this can't be trusted: " + why);
  }
}
