package org.lodge.wayland.router;

import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.osgi.annotation.versioning.ProviderType;

/** The windows of all guests. An OSGi service; thread-safe. */
@ProviderType
public interface Windows {

  /** All that there are, in the order of their numbers. */
  List<Window> list();

  /**
   * Asks the program to close the window, as the button of a window does. It may not obey.
   *
   * @return false if there is none of this number
   */
  boolean close(long id);

  /**
   * Ends the connection that the window belongs to, and with it all windows of the program there.
   *
   * @return false if there is none of this number
   */
  boolean end(long id);

  /**
   * Makes what can be pasted in one guest what can be pasted in another, once: it is wiped after
   * the first paste. Waits for the source.
   *
   * @return how many bytes were taken, over all of their types
   * @throws IOException saying why not: nothing is there, it is too large, of no type that may
   *     cross, or its program does not give it
   */
  long moveClipboard(String fromGuest, String toGuest) throws IOException;

  /**
   * Tells what programs of a guest and their display say, in the form of {@code WAYLAND_DEBUG}.
   * Several may listen.
   *
   * @param line takes lines; must not wait. Requests and events of several connections mix.
   * @return ends it
   */
  AutoCloseable trace(String guest, Consumer<String> line);
}
