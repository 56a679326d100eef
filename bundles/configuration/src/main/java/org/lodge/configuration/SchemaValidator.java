package org.lodge.configuration;

import java.util.List;

/** A JSON schema (2020-12), ready to check documents. Thread-safe. */
public interface SchemaValidator {

  /**
   * A place of a document that breaks the schema.
   *
   * @param key such as {@code disks[0].path}; empty for the document itself
   * @param value as written, shortened to 80 characters; empty where a key is missing
   * @param message what is wrong and what is allowed
   */
  record Problem(String key, String value, String message) {}

  /**
   * @param json the text of a document
   * @return what is wrong with it, in the order of the text; one problem with line and column where
   *     it is not JSON at all
   */
  List<Problem> validate(String json);
}
