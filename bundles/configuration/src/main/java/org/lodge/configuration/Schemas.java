package org.lodge.configuration;

/** Makes validators. An OSGi service; thread-safe. */
public interface Schemas {

  /**
   * @param schemaJson the text of a JSON schema (2020-12) without references to other documents
   * @throws IllegalArgumentException if it is not one
   */
  SchemaValidator compile(String schemaJson);
}
