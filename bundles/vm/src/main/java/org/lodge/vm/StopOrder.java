package org.lodge.vm;

import java.util.Set;

/**
 * Says which guests use which others while they run, for the end of all of them: a guest that
 * serves others stops after these. Register it as an OSGi service (whiteboard). Unlike what a
 * definition requires, it starts nothing, and to stop one guest alone stops no other.
 */
public interface StopOrder {

  /**
   * The guests that should have stopped before this one does. Called on threads that must not wait.
   */
  Set<String> stopBefore(String guest);
}
