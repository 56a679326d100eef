package org.lodge.shell.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lodge.shell.ExitCode;
import org.lodge.storage.ShareStatus;
import org.lodge.storage.Shares;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestException;
import org.lodge.wayland.router.Marking;
import org.lodge.wayland.router.Window;
import org.lodge.wayland.router.Windows;

/** What guests have, completed by the guest that was named. */
class ShellCompleterTest {
  private final Shell shell = new Shell();
  private final ShellCompleter completer =
      new ShellCompleter(shell.registry, shell.services, null, Path.of("/"));

  @BeforeEach
  void whatGuestsHave() {
    DeviceStatus data =
        new DeviceStatus(
            "work",
            "data",
            "blk",
            Map.of(),
            DeviceStatus.State.RUNNING,
            Optional.empty(),
            List.of(),
            Optional.empty(),
            0,
            Optional.empty());
    shell.services.bindDevices(
        fake(
            Devices.class,
            (_, _, arguments) -> {
              if (!"work".equals(arguments[0])) {
                throw new GuestException("nobody", "name", "no such guest");
              }
              return List.of(data);
            }));
    List<ShareStatus> shares = List.of(share("docs", "work"), share("music", "vault"));
    shell.services.bindShares(fake(Shares.class, (_, _, _) -> shares));
    Window window = new Window(7, "work", "display", Marking.FRAME, "a title", "a", 1, 1, 1, 1);
    shell.services.bindWindows(fake(Windows.class, (_, _, _) -> List.of(window)));
  }

  @Test
  void devicesAreThoseOfTheGuestAndTheValueOfAnOptionIsNoGuest() {
    assertEquals(Map.of("data", "blk"), candidates("device", "rm", "--timeout", "3s", "work"));
    assertEquals(Set.of("data"), candidates("device", "resize", "work").keySet());
    assertEquals(Set.of("data"), candidates("device", "control", "work").keySet());
    assertEquals(Set.of(), candidates("device", "rm", "nobody").keySet());
    assertEquals(Set.of(), candidates("device", "rm", "work", "data").keySet());
  }

  @Test
  void sharesAreThoseOfTheGuestWhereOneWasNamed() {
    assertEquals(Set.of("docs"), candidates("share", "rm", "work").keySet());
    assertEquals(Set.of("docs", "music"), candidates("share", "show").keySet());
  }

  @Test
  void windowsAreToldByGuestAndTitle() {
    assertEquals("work: a title", candidates("windows", "close").get("7"));
  }

  @Test
  void otherShellsAreToldTheSame() {
    assertEquals(ExitCode.OK, shell.run("complete", "--", "device", "rm", "work", ""));
    assertEquals("data\n", shell.out());
    assertEquals(ExitCode.OK, shell.run("complete", "--", "share", "show", "m"));
    assertEquals("music\n", shell.out());
    assertEquals(ExitCode.OK, shell.run("complete", "--json", "--", "device", "rm", "work", "--f"));
    assertEquals(
        "--force", shell.json().getJsonArray("candidates").getJsonObject(0).getString("word"));
  }

  private Map<String, String> candidates(String... before) {
    return completer.candidates(List.of(before), "");
  }

  private static ShareStatus share(String name, String guest) {
    return new ShareStatus(
        name,
        guest,
        "storage",
        "/srv",
        true,
        "auto",
        Optional.empty(),
        ShareStatus.State.GIVEN,
        true,
        Optional.empty(),
        List.of());
  }

  private static <T> T fake(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
