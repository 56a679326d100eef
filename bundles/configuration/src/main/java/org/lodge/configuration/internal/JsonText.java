package org.lodge.configuration.internal;

import jakarta.json.JsonConfig;
import jakarta.json.JsonException;
import jakarta.json.JsonReader;
import jakarta.json.JsonReaderFactory;
import jakarta.json.JsonValue;
import jakarta.json.spi.JsonProvider;
import jakarta.json.stream.JsonParser;
import jakarta.json.stream.JsonParserFactory;
import jakarta.json.stream.JsonParsingException;
import java.io.StringReader;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parses text that anyone may have written; a key twice in one object is an error. */
final class JsonText {
  private static final int MAX_DEPTH = 64;
  private static final Pattern LOCATION =
      Pattern.compile("\\s*(at |on |near )?\\(line no=.*?\\)\\.?");
  private static final Pattern CHARACTER = Pattern.compile("char(acter)? (-?\\d+)");
  private static final Map<String, Object> STRICT =
      Map.of(
          JsonConfig.KEY_STRATEGY,
          JsonConfig.KeyStrategy.NONE,
          "org.eclipse.parsson.maxDepth",
          Integer.toString(MAX_DEPTH));
  private static final JsonProvider JSON = JsonProvider.provider();
  private static final JsonReaderFactory READERS = JSON.createReaderFactory(STRICT);
  private static final JsonParserFactory PARSERS = JSON.createParserFactory(STRICT);

  private JsonText() {}

  /** Not JSON; the message says where and why, for a person. */
  static final class SyntaxException extends Exception {
    private static final long serialVersionUID = 1;

    SyntaxException(String message) {
      super(message);
    }
  }

  static JsonValue parse(String text) throws SyntaxException {
    if (text.isBlank()) {
      throw new SyntaxException("is empty; it must be a JSON object");
    }
    try (JsonReader reader = READERS.createReader(new StringReader(text));
        JsonParser parser = PARSERS.createParser(new StringReader(text))) {
      // The reader finds keys that come twice, only the parser what follows the end.
      while (parser.hasNext()) {
        parser.next();
      }
      return reader.readValue();
    } catch (JsonParsingException e) {
      String place = place(text, e.getLocation().getStreamOffset());
      throw new SyntaxException("is not JSON: " + place + ": " + plain(e.getMessage()));
    } catch (JsonException e) {
      throw new SyntaxException("is not JSON: " + plain(e.getMessage()));
    } catch (RuntimeException e) {
      throw new SyntaxException("is not JSON that can be read: " + plain(e.toString()));
    }
  }

  /** Counted here: at the end of a text the parser counts what its buffer had room for. */
  private static String place(String text, long parsersOffset) {
    int offset = Math.clamp(parsersOffset, 0, text.length());
    long line = 1 + text.substring(0, offset).chars().filter(c -> c == '\n').count();
    int column = offset - text.lastIndexOf('\n', offset - 1);
    return "line " + line + ", column " + column;
  }

  /** The parser's message without its own location, and with characters instead of their codes. */
  private static String plain(String message) {
    String short_ = LOCATION.matcher(message == null ? "unexpected end" : message).replaceAll("");
    return CHARACTER
        .matcher(short_)
        .replaceAll(code -> Matcher.quoteReplacement(character(code.group(2))))
        .replaceAll("\\p{Cntrl}", "?")
        .replace("Invalid token=", "Unexpected ")
        .replace(" Expected tokens are:", ", expected one of");
  }

  private static String character(String code) {
    int point = code.length() > 8 ? -1 : Integer.parseInt(code);
    if (point == -1) {
      return "end of file";
    }
    return Character.isValidCodePoint(point) && !Character.isISOControl(point)
        ? "'" + Character.toString(point) + "'"
        : "character " + point;
  }
}
