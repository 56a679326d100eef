package org.lodge.configuration;

/**
 * A folder of {@code config/} that the loader feeds to Config Admin.
 *
 * <p>Whiteboard: register one with the service property {@link #FOLDER}, and each {@code
 * config/FOLDER/NAME.json} becomes a factory configuration of the PID {@code org.lodge.FOLDER} with
 * the properties below. A file that changes is delivered again, a file that goes is deleted.
 */
public interface ConfigurationKind {

  /** Service property: the folder below {@code config/}. */
  String FOLDER = "lodge.configuration.folder";

  /** The file's name without {@code .json}. */
  String NAME = "lodge.name";

  /** Absolute path of the file. */
  String FILE = "lodge.file";

  /** The file's text, UTF-8, at most 1 MiB. */
  String JSON = "lodge.json";

  /** Where the file could not be read: why. The text is then empty. */
  String UNREADABLE = "lodge.unreadable";
}
