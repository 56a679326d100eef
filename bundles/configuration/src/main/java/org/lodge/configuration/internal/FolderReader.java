package org.lodge.configuration.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads the JSON files of one folder; editors' temporary files are none. */
final class FolderReader {
  static final int MAX_BYTES = 1 << 20;
  private static final String SUFFIX = ".json";

  private FolderReader() {}

  /**
   * A file as it is now.
   *
   * @param unreadable why it could not be read, or null; the text is then empty
   */
  record Text(Path file, String json, String unreadable) {}

  static boolean isDefinition(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(SUFFIX) && name.length() > SUFFIX.length() && !name.startsWith(".");
  }

  static SortedMap<String, Text> read(Path folder) throws IOException {
    SortedMap<String, Text> texts = new TreeMap<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(folder, file -> isDefinition(file) && !Files.isDirectory(file))) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        Text text = readFile(file.toAbsolutePath());
        if (text != null) {
          texts.put(name.substring(0, name.length() - SUFFIX.length()), text);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return texts;
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return texts;
  }

  /** Null where the file went between listing and reading. */
  private static Text readFile(Path file) {
    if (!Files.isRegularFile(file)) {
      return Files.exists(file)
          ? new Text(file, "", "it is not a regular file")
          : new Text(file, "", "it is a link to a file that is not there");
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        return new Text(file, "", "it is longer than " + MAX_BYTES + " bytes");
      }
      return new Text(
          file,
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString(),
          null);
    } catch (NoSuchFileException e) {
      return null;
    } catch (CharacterCodingException e) {
      return new Text(file, "", "it is not UTF-8 text");
    } catch (FileSystemException e) {
      return new Text(file, "", e.getReason() == null ? e.toString() : e.getReason());
    } catch (IOException e) {
      return new Text(file, "", e.toString());
    }
  }
}
