package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.lodge.connect.ByteStream;
import org.lodge.connect.Carriage;
import org.lodge.connect.IncomingCall;
import org.lodge.connect.ServiceDescription;
import org.lodge.connect.ServiceOffer;
import org.lodge.wayland.router.Windows;

/**
 * The service {@code clip} of Lodge itself, for a key that a person presses in a display guest:
 * with the argument {@code work.vault} it moves the clipboard of {@code work} to {@code vault}, and
 * answers with a sentence. Nobody may call it before the policy says so.
 */
final class ClipOffer implements ServiceOffer {
  private final Windows windows;

  ClipOffer(Windows windows) {
    this.windows = windows;
  }

  @Override
  public ServiceDescription description() {
    return new ServiceDescription(
        "clip", Carriage.BYTES, "moves the clipboard from one guest to another", List.of());
  }

  @Override
  public void serve(IncomingCall call, ByteStream stream) throws IOException {
    String said = move(call.argument()) + "\n";
    stream.write(ByteBuffer.wrap(said.getBytes(StandardCharsets.UTF_8)));
  }

  private String move(String untrustedArgument) {
    String[] guests = untrustedArgument.split("\\.", -1);
    if (guests.length != 2 || guests[0].isEmpty() || guests[1].isEmpty()) {
      return "nothing was moved: say from where to where, as in work.vault";
    }
    try {
      long bytes = windows.moveClipboard(guests[0], guests[1]);
      return "%d bytes of %s can be pasted once in %s".formatted(bytes, guests[0], guests[1]);
    } catch (IOException e) {
      return "nothing was moved: " + e.getMessage();
    }
  }
}
