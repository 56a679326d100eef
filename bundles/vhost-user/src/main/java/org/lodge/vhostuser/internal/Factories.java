package org.lodge.vhostuser.internal;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.lodge.virtio.DeviceFactory;
import org.osgi.framework.Version;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The device factories that are registered at present. Thread-safe. */
final class Factories {
  private static final Logger log = LoggerFactory.getLogger(Factories.class);

  private final List<Model> models = new CopyOnWriteArrayList<>();
  private long registrations;

  /** Null where the registration lacks what it must have. */
  synchronized Model add(DeviceFactory factory, Map<String, Object> properties) {
    try {
      Model model =
          new Model(
              (String) properties.get(DeviceFactory.TYPE),
              virtioId((Integer) properties.get(DeviceFactory.VIRTIO_ID)),
              Version.parseVersion((String) properties.get(DeviceFactory.VERSION)),
              registrations++,
              factory);
      if (model.type() == null) {
        throw new IllegalArgumentException(DeviceFactory.TYPE + " is missing");
      }
      models.add(model);
      return model;
    } catch (IllegalArgumentException | ClassCastException e) {
      log.error(
          "A device factory is not used, its service properties are wrong: {}", e.getMessage());
      return null;
    }
  }

  private static OptionalInt virtioId(Integer id) {
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  Model remove(DeviceFactory factory) {
    for (Model model : models) {
      if (model.factory() == factory && models.remove(model)) {
        return model;
      }
    }
    return null;
  }

  /** The best of a type among those that a condition leaves. */
  Optional<Model> best(String type, Predicate<Model> condition) {
    return models.stream()
        .filter(model -> model.type().equals(type) && condition.test(model))
        .max(Comparator.naturalOrder());
  }

  boolean has(Model model) {
    return models.contains(model);
  }

  List<String> types() {
    TreeMap<String, Model> types = new TreeMap<>();
    models.forEach(model -> types.put(model.type(), model));
    return List.copyOf(types.keySet());
  }
}
