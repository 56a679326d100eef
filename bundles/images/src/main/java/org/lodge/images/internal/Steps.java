package org.lodge.images.internal;

import java.io.IOException;
import org.lodge.images.ImageException;
import org.lodge.images.Progress;

/** The steps of a build: says how far it is, and names the step in which it failed. */
final class Steps {

  private final String image;
  private final Progress progress;

  Steps(String image, Progress progress) {
    this.image = image;
    this.progress = progress;
  }

  interface Job<T> {
    T run() throws IOException;
  }

  interface Task {
    void run() throws IOException;
  }

  void say(String what, int percent) {
    progress.step(what, percent);
  }

  <T> T run(String step, Job<T> job) throws ImageException {
    try {
      return job.run();
    } catch (IOException e) {
      String message = "image " + image + ", " + step + ": " + e.getMessage();
      throw new ImageException(image, step, message, e);
    }
  }

  void run(String step, Task task) throws ImageException {
    run(
        step,
        () -> {
          task.run();
          return null;
        });
  }
}
