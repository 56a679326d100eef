package org.lodge.itests;

import static org.ops4j.pax.exam.CoreOptions.bootClasspathLibrary;
import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.frameworkStartLevel;
import static org.ops4j.pax.exam.CoreOptions.junitBundles;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;
import static org.ops4j.pax.exam.CoreOptions.vmOptions;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.options.UrlProvisionOption;

/** The assembled distribution's own bundles, start levels and framework properties for Pax Exam. */
final class Distribution {
  private static final Pattern JAR = Pattern.compile("\"reference:(file:[^\"]+)\"");

  private Distribution() {}

  static Path home() {
    return Path.of(System.getProperty("lodge.home")).toAbsolutePath().normalize();
  }

  static Option[] options() throws IOException {
    Path home = home();
    Path state = Files.createTempDirectory("lodge-container");
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(home.resolve("conf/framework.properties"))) {
      properties.load(reader);
    }
    List<Option> options = new ArrayList<>();
    for (String key : properties.stringPropertyNames()) {
      String value = properties.getProperty(key).replace("${lodge.home}", home.toString());
      Matcher level = Pattern.compile("felix\\.auto\\.(start|install)\\.(\\d)").matcher(key);
      if (level.matches()) {
        Matcher jar = JAR.matcher(value);
        while (jar.find()) {
          UrlProvisionOption bundle = bundle(jar.group(1));
          bundle.startLevel(Integer.parseInt(level.group(2)));
          options.add(level.group(1).equals("start") ? bundle.start() : bundle.noStart());
        }
      } else if (!key.startsWith("org.osgi.framework.storage")
          && !key.startsWith("org.osgi.framework.startlevel")) {
        options.add(
            frameworkProperty(key)
                .value(
                    value
                        .replace("${lodge.deploy}", state.resolve("deploy").toString())
                        .replace("${lodge.bundle.cache}", state.resolve("cache").toString())));
      }
    }
    for (String jar : Files.readString(home.resolve("lib/class-path")).split(":")) {
      if (!jar.startsWith("org.apache.felix.main")) {
        options.add(
            bootClasspathLibrary(home.resolve("lib").resolve(jar).toUri().toString())
                .afterFramework());
      }
    }
    options.add(frameworkStartLevel(9));
    options.add(frameworkProperty("lodge.home").value(home.toString()));
    options.add(frameworkProperty("lodge.config").value(home.resolve("config").toString()));
    for (String folder : List.of("state", "cache", "run", "deploy")) {
      Path path = Files.createDirectories(state.resolve(folder));
      options.add(frameworkProperty("lodge." + folder).value(path.toString()));
    }
    options.add(systemProperty("pax.exam.logging").value("none"));
    options.add(systemProperty("lodge.state").value(state.resolve("state").toString()));
    options.add(
        systemProperty("logback.configurationFile")
            .value(home.resolve("conf/logback.xml").toString()));
    options.add(
        vmOptions("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
    options.add(junitBundles());
    return options.toArray(Option[]::new);
  }
}
