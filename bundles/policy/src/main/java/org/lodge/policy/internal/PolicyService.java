package org.lodge.policy.internal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.lodge.policy.AccessGraph;
import org.lodge.policy.Decision;
import org.lodge.policy.Explanation;
import org.lodge.policy.Finding;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Policy;
import org.lodge.policy.PolicySyntaxException;
import org.lodge.policy.Request;
import org.lodge.policy.Rule;
import org.lodge.policy.TemporaryRule;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the rules in force. A change makes a new, complete state and puts it in place at once, so
 * every decision is made from one state, and making one waits for nothing.
 */
@Component(service = Policy.class)
public final class PolicyService implements Policy {
  private static final Logger LOG = LoggerFactory.getLogger(PolicyService.class);

  private record State(
      List<Temporary> temporary,
      PolicyFiles files,
      RuleIndex index,
      Decider decider,
      Optional<String> distrust) {}

  private final class Temporary implements TemporaryRule {
    private final Rule rule;

    Temporary(Rule rule) {
      this.rule = rule;
    }

    @Override
    public Rule rule() {
      return rule;
    }

    @Override
    public void close() {
      remove(this);
    }
  }

  private final Path folder;
  private final FolderWatch watch;
  private volatile State state;
  private int lastTemporary;

  @Activate
  public PolicyService(BundleContext context) {
    this(folder(context.getProperty("lodge.config")));
  }

  PolicyService(Path folder) {
    this.folder = folder;
    this.state = state(List.of(), new PolicyFiles(List.of(), List.of()));
    this.watch = new FolderWatch(folder, this::reload);
    reload();
  }

  private static Path folder(String config) {
    return Path.of(config == null ? "config" : config, "policy.d").toAbsolutePath().normalize();
  }

  @Deactivate
  void close() {
    watch.close();
  }

  @Override
  public synchronized void reload() {
    PolicyFiles files = PolicyFiles.read(folder);
    if (files.equals(state.files)) {
      return;
    }
    files.problems().forEach(problem -> LOG.warn("Policy: {}", problem));
    LOG.info("Policy has {} rules from {}", files.rules().size(), folder);
    state = state(state.temporary, files);
  }

  private static State state(List<Temporary> temporary, PolicyFiles files) {
    List<Rule> rules =
        Stream.concat(temporary.stream().map(Temporary::rule), files.rules().stream()).toList();
    RuleIndex index = new RuleIndex(rules);
    Optional<String> distrust = files.distrust();
    return new State(List.copyOf(temporary), files, index, new Decider(index, distrust), distrust);
  }

  @Override
  public Decision decide(Request request, GuestDirectory guests) {
    return state.decider.decide(request, guests);
  }

  @Override
  public Decision answer(Request request, String target, GuestDirectory guests) {
    return state.decider.answer(request, target, guests);
  }

  @Override
  public Explanation explain(Request request, GuestDirectory guests) {
    return state.decider.explain(request, guests);
  }

  @Override
  public List<Finding> lint(GuestDirectory guests, Set<String> services) {
    State now = state;
    return Stream.concat(
            now.files.problems().stream(), Lint.findings(now.index, guests, services).stream())
        .toList();
  }

  @Override
  public List<Finding> check(Path folder) {
    return PolicyFiles.read(folder).problems();
  }

  @Override
  public AccessGraph graph(GuestDirectory guests) {
    State now = state;
    return Reach.of(now.distrust.isEmpty() ? now.index : new RuleIndex(List.of()), guests);
  }

  @Override
  public List<Rule> rules() {
    return state.index.rules();
  }

  @Override
  public Optional<String> distrust() {
    return state.distrust;
  }

  @Override
  public synchronized TemporaryRule addTemporary(String line) throws PolicySyntaxException {
    Rule rule =
        RuleParser.parse(Rule.TEMPORARY, lastTemporary + 1, line)
            .orElseThrow(() -> new PolicySyntaxException("there is no rule in \"" + line + "\""));
    lastTemporary++;
    Temporary added = new Temporary(rule);
    List<Temporary> temporary = new ArrayList<>(state.temporary);
    temporary.addFirst(added);
    state = state(temporary, state.files);
    LOG.info("Policy has a temporary rule {}: {}", rule.place(), rule.text());
    return added;
  }

  private synchronized void remove(Temporary removed) {
    List<Temporary> temporary = new ArrayList<>(state.temporary);
    if (temporary.remove(removed)) {
      state = state(temporary, state.files);
      LOG.info("Policy has lost its temporary rule {}", removed.rule.place());
    }
  }

  @Override
  public List<TemporaryRule> temporary() {
    return List.copyOf(state.temporary);
  }
}
