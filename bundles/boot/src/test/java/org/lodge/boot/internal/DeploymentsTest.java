package org.lodge.boot.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.boot.UnusedJars.UnusedJar;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.BundleException;
import org.osgi.framework.Version;
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
    assertTrue(reason().contains("DeploymentsTest$Gone"), reason());
    loader = new Lacking(Whole.class.getName());
    assertTrue(reason().contains("DeploymentsTest$Whole"), reason());
  }

  @Test
  void aComponentThatFailedIsToldWithTheInnermostCause() throws Exception {
    component.state = ComponentConfigurationDTO.FAILED_ACTIVATION;
    component.failure =
        "a.Outer: vague\n\tat a.b(C.java:1)\nCaused by: a.Inner: exact\n\t... 3 more";
    assertEquals(
        List.of(
            new UnusedJar(
                "disk-2.jar",
                Optional.of("blk"),
                "its component disk can't be made: a.Inner: exact")),
        failures());
  }

  @Test
  void aBundleThatDoesNotResolveIsToldWithTheReason() throws Exception {
    bundleState = Bundle.INSTALLED;
    assertEquals(
        List.of(new UnusedJar("disk-2.jar", Optional.empty(), "Unable to resolve: org.none")),
        failures());
  }

  @Test
  void whatIsNotUsedIsToldUntilItGoes() throws Exception {
    component.state = ComponentConfigurationDTO.FAILED_ACTIVATION;
    component.failure = "a.Exact: reason";
    Map<String, Answer> answers = answers();
    Bundle bundle = proxy(Bundle.class, answers);
    Deployments deployments = deployments(answers);
    try {
      deployments.bundleChanged(new BundleEvent(BundleEvent.STARTED, bundle));
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (deployments.list().isEmpty() && System.nanoTime() < deadline) {
        TimeUnit.MILLISECONDS.sleep(10);
      }
      assertEquals(failures(), deployments.list());
      deployments.bundleChanged(new BundleEvent(BundleEvent.UNINSTALLED, bundle));
      assertEquals(List.of(), deployments.list());
    } finally {
      deployments.deactivate();
    }
  }

  /** The container logs nothing of these, and has no event. */
  @Test
  void aJarOfWhichNoBundleWasMadeIsTold(@TempDir Path folder) throws Exception {
    Path used = jar(folder.resolve("disk 2.jar"), "disk", "2.0.0");
    jar(folder.resolve("copy.jar"), "disk", "2.0.0");
    jar(folder.resolve("late.jar"), "disk", "3.0.0");
    jar(folder.resolve("plain.jar"), null, "2.0.0");
    byte[] whole = Files.readAllBytes(used);
    Path torn = Files.write(folder.resolve("torn.jar"), Arrays.copyOf(whole, whole.length / 2));
    Map<String, Answer> answers = answers();
    answers.put("getProperty", arguments -> folder.toString());
    answers.put("getLocation", arguments -> used.toUri().toString());
    answers.put("getSymbolicName", arguments -> "disk");
    answers.put("getVersion", arguments -> Version.parseVersion("2.0.0"));
    answers.put("getBundles", arguments -> new Bundle[] {proxy(Bundle.class, answers)});
    Deployments deployments = deployments(answers);
    deployments.deactivate();
    for (int look = 1; look < Deployments.LOOKS; look++) {
      deployments.lookForPassedOver();
    }
    assertEquals(List.of(), deployments.list(), "these may still be written, or taken");
    deployments.lookForPassedOver();
    Map<String, String> reasons =
        deployments.list().stream().collect(Collectors.toMap(UnusedJar::jar, UnusedJar::reason));
    assertEquals(Set.of("copy.jar", "late.jar", "plain.jar", "torn.jar"), reasons.keySet());
    assertEquals("it is disk 2.0.0, as disk 2.jar is; remove one of them", reasons.get("copy.jar"));
    assertEquals("it was passed over; copy it there again", reasons.get("late.jar"));
    assertTrue(reasons.get("plain.jar").contains("no OSGi bundle"), reasons::toString);
    assertTrue(reasons.get("torn.jar").contains("can't be read"), reasons::toString);

    bundleState = Bundle.RESOLVED;
    Files.write(used, Files.readAllBytes(torn));
    Files.delete(torn);
    for (int look = 0; look < Deployments.LOOKS; look++) {
      deployments.lookForPassedOver();
    }
    assertEquals(
        List.of("copy.jar", "disk 2.jar", "late.jar", "plain.jar"),
        deployments.list().stream().map(UnusedJar::jar).toList());
  }

  @Test
  void aJarIsReadAgainOnlyWhenItHasChanged(@TempDir Path folder) throws Exception {
    Path jar = Files.writeString(folder.resolve("a.jar"), "no jar");
    SeenJar seen = SeenJar.look(jar, null);
    JarContents contents = seen.contents();
    SeenJar again = SeenJar.look(jar, seen);
    assertEquals(2, again.looks());
    assertSame(contents, again.contents());
    FileTime before = Files.getLastModifiedTime(jar);
    Files.writeString(jar, "longer than it was");
    Files.setLastModifiedTime(jar, before);
    SeenJar changed = SeenJar.look(jar, again);
    assertEquals(1, changed.looks());
    assertNotSame(contents, changed.contents());
  }

  private static Path jar(Path file, String name, String version) throws IOException {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Bundle-Version", version);
    if (name != null) {
      manifest.getMainAttributes().putValue("Bundle-SymbolicName", name + ";singleton:=true");
    }
    new JarOutputStream(Files.newOutputStream(file), manifest).close();
    return file;
  }

  private String reason() throws Exception {
    return failures().getFirst().reason();
  }

  private List<UnusedJar> failures() throws Exception {
    Map<String, Answer> answers = answers();
    Deployments deployments = deployments(answers);
    try {
      return deployments.failures(proxy(Bundle.class, answers));
    } finally {
      deployments.deactivate();
    }
  }

  private static Deployments deployments(Map<String, Answer> answers) {
    return new Deployments(
        proxy(ServiceComponentRuntime.class, answers), proxy(BundleContext.class, answers));
  }

  private Map<String, Answer> answers() {
    component.description = new ComponentDescriptionDTO();
    component.description.name = "disk";
    component.description.implementationClass = Whole.class.getName();
    component.description.properties = Map.of("lodge.device.type", "blk");
    Map<String, Answer> answers = new HashMap<>();
    answers.put("getState", arguments -> bundleState);
    answers.put("getLocation", arguments -> "file:/deploy/disk-2.jar");
    answers.put("getProperty", arguments -> "/deploy");
    answers.put("hashCode", arguments -> 7);
    answers.put("equals", arguments -> true);
    answers.put("toString", arguments -> "a bundle");
    answers.put("loadClass", arguments -> loader.loadClass((String) arguments[0]));
    answers.put("getHeaders", arguments -> (Dictionary<?, ?>) new Hashtable<String, String>());
    answers.put("getComponentDescriptionDTOs", arguments -> List.of(component.description));
    answers.put("getComponentConfigurationDTOs", arguments -> List.of(component));
    answers.put(
        "start",
        arguments -> {
          throw new BundleException("Unable to resolve: org.none");
        });
    return answers;
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
