package org.lodge.connect;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A service of Lodge itself. Whiteboard: register one and guests can call it, where the policy lets
 * them; unregister it and its connections are reset. Where several bear one name the highest
 * ranking serves new calls.
 */
@ConsumerType
public interface ServiceOffer {
  ServiceDescription description();

  /**
   * Whether this stands between two guests: then calls with a guest as target come here instead of
   * being joined. Else calls for {@code @host} come here.
   */
  default boolean mediates() {
    return false;
  }

  /**
   * Serves one connection, on a virtual thread of its own that may wait. When this returns the
   * stream, and the target's where there is one, are closed in order; when it throws they are
   * reset.
   */
  void serve(IncomingCall call, ByteStream stream) throws Exception;
}
