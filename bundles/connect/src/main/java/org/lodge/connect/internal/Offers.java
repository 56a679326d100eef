package org.lodge.connect.internal;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.lodge.connect.ServiceDescription;
import org.lodge.connect.ServiceOffer;

/** What Lodge itself offers: the whiteboard's services, best first. */
final class Offers {
  /** An offer with what it said of itself when it came. */
  record Offer(
      ServiceOffer service,
      ServiceDescription description,
      boolean mediates,
      int ranking,
      long serviceId) {}

  private static final Comparator<Offer> BEST_FIRST =
      Comparator.comparingInt(Offer::ranking).reversed().thenComparingLong(Offer::serviceId);

  private final List<Offer> offers = new CopyOnWriteArrayList<>();

  void add(ServiceOffer service, int ranking, long serviceId) {
    offers.add(new Offer(service, service.description(), service.mediates(), ranking, serviceId));
  }

  void remove(ServiceOffer service) {
    offers.removeIf(offer -> offer.service() == service);
  }

  boolean contains(Offer offer) {
    return offers.contains(offer);
  }

  Optional<Offer> find(String name, boolean mediates) {
    return offers.stream()
        .filter(offer -> offer.mediates() == mediates && offer.description().name().equals(name))
        .min(BEST_FIRST);
  }

  List<ServiceDescription> descriptions() {
    return offers.stream().map(Offer::description).toList();
  }
}
