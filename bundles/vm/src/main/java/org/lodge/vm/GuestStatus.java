package org.lodge.vm;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A guest at one instant.
 *
 * @param pid of its monitor, if one runs
 * @param pending whether the definition was edited or removed since the guest started
 * @param definitionFile where it is declared; absent once its file is gone
 * @param since when it came into this state
 * @param accelerator which and why, once started
 * @param startTimes how long each step of the last start took
 * @param failure present in FAILED, and after an automatic restart tells the last one
 * @param restarts automatic ones since the last start by a person
 */
public record GuestStatus(
    String name,
    String description,
    GuestState state,
    OptionalLong pid,
    Instant since,
    boolean autostart,
    boolean pending,
    List<String> requires,
    String vmm,
    String image,
    long memoryBytes,
    int cpus,
    Optional<Path> definitionFile,
    Optional<String> accelerator,
    List<String> commandLine,
    StartTimes startTimes,
    Optional<Failure> failure,
    int restarts) {

  public GuestStatus {
    requires = List.copyOf(requires);
    commandLine = List.copyOf(commandLine);
  }

  /**
   * Measured from the moment the guest's own start began: it was asked for, and what it requires
   * was ready. Absent where the step has not come.
   *
   * @param created the monitor process is there and has answered
   * @param running the virtual CPUs run
   * @param userSpace the guest's first line of user space on its console
   * @param ready the guest said its services are up, or runs where its definition asks no more
   */
  public record StartTimes(
      Optional<Duration> created,
      Optional<Duration> running,
      Optional<Duration> userSpace,
      Optional<Duration> ready) {

    public static final StartTimes NONE =
        new StartTimes(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
  }

  /**
   * Why a guest is not running.
   *
   * @param stage such as {@code image}, {@code exec}, {@code qmp-greeting}, {@code running}
   * @param cause a sentence with what to do next
   * @param lastLines what the monitor and the guest said last, oldest first
   */
  public record Failure(String stage, String cause, List<String> lastLines, Instant at) {

    public Failure {
      lastLines = List.copyOf(lastLines);
    }
  }
}
