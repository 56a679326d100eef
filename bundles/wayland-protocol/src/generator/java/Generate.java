import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * Turns the XML of Wayland protocols into a table, one line for an interface or message, and into
 * classes of constants for opcodes. Run by the build: {@code Generate XML-FOLDER JAVA-FOLDER
 * RESOURCE-FOLDER}.
 *
 * <p>Lines are {@code interface NAME VERSION} and {@code request|event NAME SINCE -|! ARGUMENT…},
 * in the order of opcodes; ! is a destructor. An argument is one of {@code i u f s o n a h}, with ?
 * before where it may be null and :INTERFACE after where that is known. An untyped new_id is
 * written as on the wire: {@code s u n}.
 */
final class Generate {
  private static final String PACKAGE = "org.lodge.wayland.protocol";

  private final StringBuilder table = new StringBuilder();
  private final Path classes;
  private int count;

  private Generate(Path classes) {
    this.classes = classes;
  }

  public static void main(String[] folders) throws Exception {
    String packagePath = PACKAGE.replace('.', '/');
    Path classes = Path.of(folders[1], packagePath, "opcode");
    Path resources = Path.of(folders[2], packagePath, "internal");
    Files.createDirectories(classes);
    Files.createDirectories(resources);
    Generate generate = new Generate(classes);
    List<Path> files;
    try (Stream<Path> found = Files.list(Path.of(folders[0]))) {
      files = found.filter(file -> file.toString().endsWith(".xml")).sorted().toList();
    }
    for (Path file : files) {
      generate.protocol(file);
    }
    generate.packageInfo();
    writeChanged(resources.resolve("interfaces.txt"), generate.table.toString());
  }

  private void protocol(Path file) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    Element root = factory.newDocumentBuilder().parse(file.toFile()).getDocumentElement();
    for (Element type : children(root, "interface")) {
      interfaceOf(type);
    }
  }

  private void interfaceOf(Element type) throws IOException {
    String name = type.getAttribute("name");
    List<Element> requests = children(type, "request");
    List<Element> events = children(type, "event");
    table.append("interface ").append(name).append(' ').append(type.getAttribute("version"));
    table.append('\n');
    requests.forEach(this::message);
    events.forEach(this::message);

    String className = camel(name);
    StringBuilder source = new StringBuilder();
    source.append("package ").append(PACKAGE).append(".opcode;\n\n");
    source.append("/** Opcodes of {@code ").append(name).append("}. */\n");
    source.append("public final class ").append(className).append(" {\n");
    source.append("  /** {@link ").append(PACKAGE).append(".Interface#index()} of it. */\n");
    constant(source, "INDEX", count++);
    for (int opcode = 0; opcode < requests.size(); opcode++) {
      constant(source, upper(requests.get(opcode).getAttribute("name")), opcode);
    }
    for (int opcode = 0; opcode < events.size(); opcode++) {
      constant(source, "EVENT_" + upper(events.get(opcode).getAttribute("name")), opcode);
    }
    for (Element enumeration : children(type, "enum")) {
      if (enumeration.getAttribute("name").equals("error")) {
        for (Element entry : children(enumeration, "entry")) {
          int value = Integer.decode(entry.getAttribute("value"));
          constant(source, "ERROR_" + upper(entry.getAttribute("name")), value);
        }
      }
    }
    source.append("\n  private ").append(className).append("() {}\n}\n");
    writeChanged(classes.resolve(className + ".java"), source.toString());
  }

  private void message(Element message) {
    String since = message.getAttribute("since");
    table.append(message.getTagName()).append(' ').append(message.getAttribute("name"));
    table.append(' ').append(since.isEmpty() ? "1" : since);
    table.append(message.getAttribute("type").equals("destructor") ? " !" : " -");
    for (Element argument : children(message, "arg")) {
      String type = argument.getAttribute("interface");
      String kind = argument.getAttribute("type");
      if (kind.equals("new_id") && type.isEmpty()) {
        table.append(" s u n");
        continue;
      }
      table.append(' ').append(argument.getAttribute("allow-null").equals("true") ? "?" : "");
      table.append(kind.equals("fd") ? 'h' : kind.charAt(0));
      table.append(type.isEmpty() ? "" : ":" + type);
    }
    table.append('\n');
  }

  private void packageInfo() throws IOException {
    writeChanged(
        classes.resolve("package-info.java"),
        """
        /** Constants of the known interfaces, made from their XML. */
        @Export
        @Version("1.0.0")
        package %s.opcode;

        import org.osgi.annotation.bundle.Export;
        import org.osgi.annotation.versioning.Version;
        """
            .formatted(PACKAGE));
  }

  private static void constant(StringBuilder source, String name, int value) {
    source.append("  public static final int ").append(name).append(" = ").append(value);
    source.append(";\n");
  }

  private static String upper(String name) {
    return name.toUpperCase(Locale.ROOT);
  }

  private static String camel(String name) {
    StringBuilder camel = new StringBuilder();
    for (String word : name.split("_")) {
      camel.append(Character.toUpperCase(word.charAt(0))).append(word.substring(1));
    }
    return camel.toString();
  }

  private static List<Element> children(Element parent, String tag) {
    List<Element> children = new ArrayList<>();
    for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
      if (node instanceof Element element && element.getTagName().equals(tag)) {
        children.add(element);
      }
    }
    return children;
  }

  /** An unchanged file keeps its time, so that nothing is compiled again for it. */
  private static void writeChanged(Path file, String content) throws IOException {
    if (!Files.exists(file) || !Files.readString(file).equals(content)) {
      Files.writeString(file, content);
    }
  }
}
