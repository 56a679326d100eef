package org.lodge.images;

/** Hears how a long job goes. Called from the job's thread; must not block. */
@FunctionalInterface
public interface Progress {

  /**
   * @param what one short line for a person
   * @param percent of the whole job, 0 to 100; -1 where it can't be told
   */
  void step(String what, int percent);
}
