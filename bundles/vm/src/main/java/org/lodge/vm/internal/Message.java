package org.lodge.vm.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestStatus;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmExit;
import org.lodge.vmm.VmmState;

/** What a guest's actor is told, one at a time. */
sealed interface Message {

  /** Asked for by a person or by another guest's start; {@code done} always completes. */
  sealed interface Command extends Message {
    CompletableFuture<GuestStatus> done();
  }

  record Start(CompletableFuture<GuestStatus> done) implements Command {}

  /**
   * @param limit null for the definition's
   */
  record Stop(Duration limit, CompletableFuture<GuestStatus> done) implements Command {}

  record Kill(CompletableFuture<GuestStatus> done) implements Command {}

  /** A command to a running guest. */
  record Control(Kind kind, Duration limit, Action action, CompletableFuture<GuestStatus> done)
      implements Command {

    Control(Kind kind, Action action, CompletableFuture<GuestStatus> done) {
      this(kind, GuestActor.COMMAND_LIMIT, action, done);
    }

    enum Kind {
      PAUSE,
      RESUME,
      OTHER
    }

    /** Talks to the monitor or to a device; may block. */
    interface Action {
      void on(Vmm vmm) throws VmmException, GuestException, InterruptedException;
    }
  }

  record Release(CompletableFuture<Void> done) implements Message {}

  /** There may be a process of an earlier Lodge. */
  record Adopt() implements Message {}

  record Define(Definition definition, Path file) implements Message {}

  /** Its file has become wrong; what was read before stays in force. */
  record Refuse(String problem, Path file) implements Message {}

  record Undefine() implements Message {}

  record RequirementsMet(Object token, GuestException failure) implements Message {}

  /** A blocking job has come back, or its limit has passed. */
  record Done(Jobs.Job job, Object result, GuestException failure, boolean overdue)
      implements Message {}

  record TimeUp(Jobs.Timer timer, Object token) implements Message {}

  record Said(Run run, VmmState vmmState) implements Message {}

  record Heard(Run run, Machine.Marker marker) implements Message {}

  /** By the agent; it can only come from the process that runs now. */
  record HeardInside(Machine.Marker marker) implements Message {}

  record Rebooted() implements Message {}

  record Exited(Run run, VmmExit exit) implements Message {}
}
