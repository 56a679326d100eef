package org.lodge.agent;

import org.osgi.annotation.versioning.ConsumerType;

/** Decides on calls of guests. An OSGi service; the one of the highest ranking decides. */
@ConsumerType
@FunctionalInterface
public interface AgentCallHandler {

  /**
   * A guest calls. Comes on a virtual thread of its own, which may go on to serve the call. A call
   * that is not answered when this returns or throws is refused.
   */
  void called(AgentCall call) throws Exception;
}
