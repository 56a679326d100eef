package org.lodge.vm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * All guests of this host.
 *
 * <p>Thread-safe; no call waits on another guest. Every future completes: with the status after the
 * act, or with a {@link GuestException} that names guest, stage, cause and remedy. A command that
 * comes before the guest can take it waits until it can, and fails when the guest's start fails or
 * its time limit ends. {@code kill} is never queued behind anything.
 */
public interface Guests {

  /**
   * By name, sorted. Waits until what an earlier Lodge left running was looked for.
   *
   * @throws CompletionException if the definitions could not be read at all; no other call works
   *     then either, and the cause says why
   */
  List<GuestStatus> list();

  /**
   * @throws GuestException if no guest has this name; says which there are
   */
  GuestStatus status(String name) throws GuestException;

  /** Starts what the guest requires, then the guest; done when it runs and has said it is ready. */
  CompletableFuture<GuestStatus> start(String name);

  /**
   * Stops the guests that require this one, then presses its power button, and ends it when the
   * limit has passed.
   *
   * @param limit instead of the definition's; null for that
   */
  CompletableFuture<GuestStatus> stop(String name, Duration limit);

  /** Ends the guest's process now. */
  CompletableFuture<GuestStatus> kill(String name);

  CompletableFuture<GuestStatus> pause(String name);

  CompletableFuture<GuestStatus> resume(String name);

  /** Stops this guest alone and starts it again; those that require it stay. */
  CompletableFuture<GuestStatus> restart(String name);

  /** Writes the guest's screen as a PNG. */
  CompletableFuture<GuestStatus> screenshot(String name, Path png);

  /** Types keys, as {@code ctrl-c} or {@code a}, one after the other. */
  CompletableFuture<GuestStatus> sendKeys(String name, List<String> chords);

  /** Attaches to the serial console; several may attach at once, all may type. */
  Console console(String name) throws GuestException;

  /** Starts every guest whose definition says so, in order of the graph, in parallel. */
  CompletableFuture<Void> startAutostart();

  /** Stops every guest, those that require others first. */
  CompletableFuture<Void> stopAll();

  /** Lets go of every guest without ending it: a later Lodge adopts them. */
  void releaseAll();

  /** The path of a guest's log, for reading. */
  Path log(String name) throws GuestException;
}
