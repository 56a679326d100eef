package org.lodge.policy.internal;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lodge.policy.Action;
import org.lodge.policy.Party;
import org.lodge.policy.PolicySyntaxException;
import org.lodge.policy.Rule;

/** Reads one line: {@code service+argument source target allow|deny|ask key=value… # why}. */
final class RuleParser {
  static final int MAX_LINE_CHARS = 4096;
  private static final int MAX_OPTIONS = 16;

  private RuleParser() {}

  /** The rule of that line; empty where it is blank or only a comment. */
  static Optional<Rule> parse(String file, int line, String untrustedText)
      throws PolicySyntaxException {
    if (untrustedText.length() > MAX_LINE_CHARS) {
      throw new PolicySyntaxException("longer than " + MAX_LINE_CHARS + " characters");
    }
    String[] words = words(untrustedText);
    if (words.length == 0) {
      return Optional.empty();
    }
    if (words.length < 4) {
      throw new PolicySyntaxException(
          "%d of 4 columns; a rule is: service source target allow|deny|ask key=value…"
              .formatted(words.length));
    }
    Action action = action(words[3]);
    return Optional.of(
        new Rule(
            file,
            line,
            String.join(" ", words),
            service(words[0]),
            source(words[1]),
            target(words[2]),
            action,
            options(words[0], action, Arrays.asList(words).subList(4, words.length))));
  }

  private static String[] words(String text) throws PolicySyntaxException {
    int comment = -1;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '#' && (i == 0 || isBlank(text.charAt(i - 1)))) {
        comment = i;
        break;
      }
      if (!isBlank(c) && (c < '!' || c > '~')) {
        throw new PolicySyntaxException(
            "character U+%04X in column %d; only ASCII outside of comments"
                .formatted((int) c, i + 1));
      }
    }
    String rule = (comment < 0 ? text : text.substring(0, comment)).replace('\t', ' ').strip();
    return rule.isEmpty() ? new String[0] : rule.split(" +");
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  private static String service(String word) throws PolicySyntaxException {
    int plus = word.indexOf('+');
    String name = plus < 0 ? word : word.substring(0, plus);
    String argument = plus < 0 ? "" : word.substring(plus + 1);
    if (word.equals(Terms.ALL)) {
      return word;
    }
    if (!Names.isService(name)) {
      throw new PolicySyntaxException(
          "\"%s\" is not a service: %s; or * for all services".formatted(name, Names.SERVICE));
    }
    if (!Names.isArgument(argument)) {
      throw new PolicySyntaxException(
          "\"%s\" is not an argument: %s; leave +%s out for any argument"
              .formatted(argument, Names.ARGUMENT, argument));
    }
    return word;
  }

  private static String source(String word) throws PolicySyntaxException {
    if (!Terms.isSource(word)) {
      throw new PolicySyntaxException(
          "\"%s\" is not a source: a guest (%s), @host, @any, @tag:TAG, @kind:KIND or *"
              .formatted(word, Names.GUEST));
    }
    return word;
  }

  private static String target(String word) throws PolicySyntaxException {
    if (!Terms.isTarget(word)) {
      throw new PolicySyntaxException(
          "\"%s\" is not a target: a guest (%s), @host, @default, @any, @tag:TAG, @kind:KIND or *"
              .formatted(word, Names.GUEST));
    }
    return word;
  }

  private static Action action(String word) throws PolicySyntaxException {
    return switch (word) {
      case "allow" -> Action.ALLOW;
      case "deny" -> Action.DENY;
      case "ask" -> Action.ASK;
      default ->
          throw new PolicySyntaxException(
              "\"%s\" is not an action: allow, deny or ask".formatted(word));
    };
  }

  private static Map<String, String> options(String service, Action action, List<String> words)
      throws PolicySyntaxException {
    if (words.size() > MAX_OPTIONS) {
      throw new PolicySyntaxException("more than " + MAX_OPTIONS + " options");
    }
    Map<String, String> options = new HashMap<>();
    for (String word : words) {
      int equals = word.indexOf('=');
      String key = equals < 0 ? word : word.substring(0, equals);
      if (equals < 0 || !key.matches("[a-z][A-Za-z0-9-]{0,30}")) {
        throw new PolicySyntaxException(
            "\"%s\" is not an option: key=value, the key a letter a-z, then letters, digits and -"
                .formatted(word));
      }
      String value = word.substring(equals + 1);
      checkOption(service, action, key, value);
      if (options.put(key, value) != null) {
        throw new PolicySyntaxException("option " + key + " twice");
      }
    }
    return options;
  }

  private static void checkOption(String service, Action action, String key, String value)
      throws PolicySyntaxException {
    switch (key) {
      case Rule.TARGET -> {
        require(action != Action.DENY, "target= goes with allow and ask");
        require(isOneParty(value), "target=" + value + " is neither a guest nor @host");
      }
      case Rule.MEDIATED -> {
        require(action != Action.DENY, "mediated= goes with allow and ask");
        require(value.equals("yes") || value.equals("no"), "mediated= is yes or no");
      }
      case Rule.DEFAULT_TARGET -> {
        require(action == Action.ASK, "defaultTarget= goes with ask");
        require(isOneParty(value), "defaultTarget=" + value + " is neither a guest nor @host");
      }
      case Rule.TIMEOUT_SECONDS -> {
        require(action == Action.ASK, "timeoutSeconds= goes with ask");
        require(
            value.matches("[1-9][0-9]{0,3}") && Integer.parseInt(value) <= 3600,
            "timeoutSeconds=" + value + " is not a number from 1 to 3600");
      }
      default -> Options.check(service, action, key);
    }
  }

  private static boolean isOneParty(String value) {
    return value.equals(Party.HOST) || Names.isGuest(value);
  }

  private static void require(boolean ok, String message) throws PolicySyntaxException {
    if (!ok) {
      throw new PolicySyntaxException(message);
    }
  }
}
