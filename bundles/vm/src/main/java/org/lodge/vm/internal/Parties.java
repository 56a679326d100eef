package org.lodge.vm.internal;

import java.util.Collection;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.lodge.agent.GuestService;
import org.lodge.agent.GuestServices;
import org.lodge.agent.GuestSocket;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Party;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * The guests as the policy and the broker see them: who is defined, of what kind, with which tags,
 * and what each offers. An edited definition counts at once, also for a guest that runs.
 */
@Component(service = GuestDirectory.class)
public final class Parties implements GuestDirectory, GuestServices {
  private static final String ISSUE = "lodge.issue";

  private record Known(Party party, List<GuestService> services, List<GuestSocket> sockets) {}

  private final Catalog catalog;
  private final Consumer<DefinitionSet> follower = this::learn;
  private volatile Map<String, Known> known = Map.of();
  private ServiceRegistration<GuestServices> registration;
  private long issue;

  @Activate
  public Parties(@Reference Catalog catalog, BundleContext context) {
    this.catalog = catalog;
    // By hand, for its property: whoever has the service asks again when that changes.
    registration = context.registerService(GuestServices.class, this, issue());
    catalog.alsoFollow(follower);
  }

  @Deactivate
  void close() {
    catalog.unfollow(follower);
    registration.unregister();
  }

  private Dictionary<String, Object> issue() {
    return new Hashtable<>(Map.of(ISSUE, issue++));
  }

  private void learn(DefinitionSet set) {
    SortedMap<String, Known> all = new TreeMap<>();
    set.good()
        .forEach((name, definition) ->
            all.put(
                name,
                new Known(
                    new Party(name, definition.image().orElse(""), definition.tags()),
                    definition.services(),
                    definition.sockets())));
    if (!all.equals(known)) {
      known = all;
      registration.setProperties(issue());
    }
  }

  @Override
  public Optional<Party> find(String name) {
    return Optional.ofNullable(known.get(name)).map(Known::party);
  }

  @Override
  public Collection<Party> all() {
    return known.values().stream().map(Known::party).toList();
  }

  @Override
  public Collection<GuestService> of(String guest) {
    Known one = known.get(guest);
    return one == null ? List.of() : one.services();
  }

  @Override
  public Collection<GuestSocket> sockets(String guest) {
    Known one = known.get(guest);
    return one == null ? List.of() : one.sockets();
  }
}
