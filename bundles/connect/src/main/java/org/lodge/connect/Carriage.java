package org.lodge.connect;

/** What a service's connections carry. */
public enum Carriage {
  /** Bytes, and nothing else. */
  BYTES,
  /**
   * Frames of bytes with typed handles, which somebody on the host must translate: never joined
   * without a mediating {@link ServiceOffer}.
   */
  HANDLES
}
