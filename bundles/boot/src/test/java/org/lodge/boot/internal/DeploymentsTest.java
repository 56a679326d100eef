package org.lodge.boot.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;

class DeploymentsTest {
  private final ComponentConfigurationDTO component = new ComponentConfigurationDTO();
  private int bundleState = Bundle.ACTIVE;
  private ClassLoader loader = new Lacking("nothing");

  /** A component as those of a jar are. */
  static final class Whole {
    Gone gone() {
      return null;
    }
  }

  /** What the jar may lack. */
  static final class Gone {}

  @Test
  void aClassThatAMethodNamesAndTheJarLacksIsTold() throws Exception {
    component.state = ComponentConfigurationDTO.SATISFIED;
    assertEquals(List.of(), failures());
    loader = new Lacking(Gone.class.getName());
    assertEquals(1, failures().size());
    assertTrue(failures().getFirst().contains("DeploymentsTest$Gone"), failures().toString());
    loader = new Lacking(Whole.class.getName());
    assertTrue(failures().getFirst().contains("DeploymentsTest$Whole"), failures().toString());
  }

  @Test
  void aComponentThatFailedIsToldWithTheInnermostCause() throws Exception {
    component.state = ComponentConfigurationDTO.FAILED_ACTIVATION;
    component.failure =
        "a.Outer: vague\n\tat a.b(C.java:1)\nCaused by: a.Inner: exact\n\t... 3 more";
    assertEquals(List.of("its component disk can't be made: a.Inner: exact"), failures());
  }

  @Test
  void aBundleThatDoesNotResolveIsToldWithTheReason() throws Exception {
    bundleState = Bundle.INSTALLED;
    assertEquals(List.of("Unable to resolve: org.none"), failures());
  }

  private List<String> failures() throws Exception {
    component.description = new ComponentDescriptionDTO();
    component.description.name = "disk";
    component.description.implementationClass = Whole.class.getName();
    Map<String, Answer> answers =
        Map.of(
            "getState", arguments -> bundleState,
            "loadClass", arguments -> loader.loadClass((String) arguments[0]),
            "getHeaders", arguments -> (Dictionary<?, ?>) new Hashtable<String, String>(),
            "getComponentDescriptionDTOs", arguments -> List.of(component.description),
            "getComponentConfigurationDTOs", arguments -> List.of(component),
            "start",
                arguments -> {
                  throw new BundleException("Unable to resolve: org.none");
                });
    Deployments deployments =
        new Deployments(
            proxy(ServiceComponentRuntime.class, answers), proxy(BundleContext.class, Map.of()));
    try {
      return deployments.failures(proxy(Bundle.class, answers));
    } finally {
      deployments.deactivate();
    }
  }

  private interface Answer {
    Object to(Object[] arguments) throws Exception;
  }

  private static <T> T proxy(Class<T> type, Map<String, Answer> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              Answer answer = answers.get(method.getName());
              return answer == null ? null : answer.to(arguments);
            }));
  }

  /** Has this test's classes but one. */
  private static final class Lacking extends ClassLoader {
    private final String missing;

    Lacking(String missing) {
      super(DeploymentsTest.class.getClassLoader());
      this.missing = missing;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (name.equals(missing)) {
        throw new ClassNotFoundException(name);
      }
      if (!name.startsWith(DeploymentsTest.class.getName())) {
        return super.loadClass(name, resolve);
      }
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }
}
