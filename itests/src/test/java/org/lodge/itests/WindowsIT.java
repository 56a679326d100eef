package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lodge.itests.bench.WindowDriver;
import org.lodge.itests.wayland.Weston;

/** Programs of two real guests on the compositor of a third. */
class WindowsIT {
  private static final int BLUE = 0xff2e86de;
  private static final int RED = 0xffd33f49;

  /** More than a frame has; letters or the desktop may have the colour here and there. */
  private static final int SOME_PIXELS = 1000;

  private static final int CUT_TURNS = 3;

  private static final String POLICY =
      """
      *        @host   @any      allow
      wayland  work    @default  allow target=display mediated=yes color=2e86de
      wayland  vault   @default  allow target=display mediated=yes color=d33f49
      """;

  /** Writes the disk and the share, reads both back and compares, until /tmp/stop is there. */
  private static final String LOAD =
      "for s in /sys/block/vd*/serial; do [ $(cat $s) = data ] && d=/dev/$(basename ${s%/serial});"
          + " done; head -c 262144 /dev/urandom > /tmp/r; n=0; while [ ! -e /tmp/stop ]; do"
          + " dd if=/tmp/r of=$d bs=4k oflag=direct && cp /tmp/r /docs/r"
          + " && dd if=$d bs=4k count=64 iflag=direct | cmp - /tmp/r && cmp /docs/r /tmp/r"
          + " || { echo failed after $n; exit 1; }; n=$((n+1)); done; echo rounds=$n";

  private static final String CLIP_KEY =
      "<keyboard><keybind key=\"W-v\"><action name=\"Execute\" command=\"sh -c 'lodge-call @host"
          + " clip work.vault >/run/clip 2>&amp;1'\"/></keybind></keyboard></labwc_config>";

  private LodgeHost host;

  @BeforeEach
  void start() throws Exception {
    host = new LodgeHost();
    Path rules = Files.createDirectories(host.config.resolve("policy.d"));
    Files.writeString(rules.resolve("50-test.policy"), POLICY);
    host.define(
        "display",
        "{'image': 'display', 'memory': '512M', 'cpus': 2,"
            + " 'screen': {'width': 1024, 'height': 768}, 'services': {'wayland':"
            + " {'socket': '/run/user/0/wayland-1', 'handles': true}}}");
    String app = "{'image': 'app', 'memory': '384M', 'wayland': true, 'requires': ['display']}";
    host.define("vault", app);
    String data = "{'id': 'data', 'type': 'blk', 'path': '" + host.disk("data", 16) + "'}";
    host.define("work", app.replace("}", ", 'devices': [" + data + "]}"));
    Path docs = Files.createDirectory(host.place.resolve("docs"));
    String share =
        "{'from': 'host', 'path': '"
            + docs
            + "', 'to': {'work': {'access': 'read-write', 'mount': '/docs'}}}";
    Path shares = Files.createDirectories(host.config.resolve("share"));
    Files.writeString(shares.resolve("docs.json"), share.replace('\'', '"'));
    host.up();
  }

  @AfterEach
  void stop() throws Exception {
    host.close();
  }

  @Test
  void programsOfTwoGuestsShareADisplayAndAreToldApart() throws Exception {
    host.lodge("start", "display", "work", "vault").ok();
    host.lodge("run", "work", "foot").ok();
    assertTrue(shown(BLUE), "foot of work has a frame of work's colour");
    assertEquals(0, pixels(RED));

    type("t", "o", "u", "c", "h", "spc", "slash", "t", "m", "p", "slash", "t", "ret");
    LodgeHost.until(
        "what was typed on the display's keyboard has reached the shell in work",
        () -> host.lodge("exec", "work", "--", "test", "-e", "/tmp/t").exit() == 0);

    host.lodge("run", "vault", "weston-flower").ok();
    assertTrue(shown(RED), "the flower of vault has a frame of vault's colour");
    assertEquals(List.of("work", "vault"), owners());
    picturesGoByLanes();
    aProgramThatCutsItsPicturesOffHurtsNobody();

    host.lodge("windows", "close", number("work")).ok();
    LodgeHost.until("the program has closed its window", () -> owners().equals(List.of("vault")));
    host.lodge("kill", "vault").ok();
    LodgeHost.until("the windows of a guest go with it", () -> owners().isEmpty());
    assertEquals("running", host.state("display"));

    host.lodge("run", "work", "foot").ok();
    assertTrue(shown(BLUE), "a program that is started again has its window again");
    Path rounds = host.place.resolve("rounds");
    Path errors = host.place.resolve("errors");
    Process load = host.begin(rounds, errors, "exec", "work", "--", "sh", "-c", LOAD);
    aNewerRouterTakesOver();
    windowsReturnAfter(
        "its compositor was killed",
        () -> host.lodge("exec", "display", "--", "busybox", "killall", "-9", "weston").ok());
    windowsReturnAfter("the display's agent was killed", () -> killAgent("display"));
    windowsReturnAfter(
        "the display was killed",
        () -> {
          host.lodge("kill", "display").ok();
          host.lodge("start", "display").ok();
        });
    assertTrue(load.isAlive(), Files.readString(rounds) + Files.readString(errors));
    host.lodge("exec", "work", "--", "touch", "/tmp/stop").ok();
    assertEquals(0, load.waitFor(), Files.readString(rounds));
    assertTrue(Files.readString(rounds).matches("rounds=[1-9]\\d*\n"), Files.readString(rounds));
    windowsReturnAfter("the program's agent was killed", () -> killAgent("work"));
    windowsReturnAfter("Lodge was killed", host::killSupervisor);
    host.lodge("exec", "work", "--", "busybox", "killall", "-9", "foot");
    LodgeHost.until("the window of a killed program goes", () -> owners().isEmpty());

    aCompositorWithSecurityContextsMarksWindows();
    aPersonOfTheHostSeesTheWindowsOfAGuest();
  }

  private void picturesGoByLanes() throws Exception {
    long pictureBytes = 100 << 10;
    assertTrue(laneBytes("work", "write.bytes") > pictureBytes);
    assertTrue(laneBytes("vault", "write.bytes") > pictureBytes);
    assertTrue(laneBytes("display", "read.bytes") > 2 * pictureBytes);
    assertEquals(0, laneBytes("vault", "refused"));
  }

  private long laneBytes(String guest, String counter) throws Exception {
    JsonObject counters = host.device(guest, "lane").getJsonObject("counters");
    return counters.getJsonNumber(counter).longValue();
  }

  /** While the kernel of its guest sends them, from where they lie. */
  private void aProgramThatCutsItsPicturesOffHurtsNobody() throws Exception {
    Path driver = WindowDriver.build(host.place);
    host.lodge("cp", driver.toString(), "work:/tmp/window-driver").ok();
    String run = "chmod 755 /tmp/window-driver; /tmp/window-driver /run/lodge/wayland-0 ";
    for (int turn = 0; turn < CUT_TURNS; turn++) {
      host.lodge("exec", "work", "--", "busybox", "sh", "-c", run + "cut random 1280 800 4");
    }
    String shown =
        host.lodge("exec", "work", "--", "busybox", "sh", "-c", run + "full random 1280 800 2")
            .ok()
            .out();
    assertTrue(shown.startsWith("step=full"), shown);
    LodgeHost.until(
        "the windows of others are there still", () -> owners().equals(List.of("work", "vault")));
  }

  /** Programs hear why they end; what is started next is shown, by the one version or the other. */
  private void aNewerRouterTakesOver() throws Exception {
    Path words = host.place.resolve("words");
    String[] command = {
      "exec",
      "work",
      "--",
      "env",
      "WAYLAND_DISPLAY=/run/lodge/wayland-0",
      "XDG_RUNTIME_DIR=/tmp",
      "weston-simple-shm"
    };
    Process program = host.begin(host.place.resolve("out"), words, command);
    LodgeHost.until("both have a window", () -> owners().equals(List.of("work", "work")));
    Path newer = new DeviceVersions(host, "wayland-router").deploy("0.9.0");
    LodgeHost.until("programs end", () -> !program.isAlive() && owners().isEmpty());
    assertTrue(Files.readString(words).contains("Lodge replaces its"), Files.readString(words));
    host.lodge("run", "work", "foot").ok();
    assertTrue(shown(BLUE), "by the newer");
    windowsReturnAfter("the newer was removed", () -> Files.delete(newer));
  }

  private interface Blow {
    void fall() throws Exception;
  }

  /** Something ends the window of foot, and foot only has to be started again. */
  private void windowsReturnAfter(String why, Blow blow) throws Exception {
    // On the screen the former window may have stood for this one.
    LodgeHost.until("foot has its window", () -> owners().equals(List.of("work")));
    blow.fall();
    LodgeHost.until(why + ": the window goes", () -> owners().isEmpty());
    LodgeHost.until(
        why + ": foot is started again", () -> host.lodge("run", "work", "foot").exit() == 0);
    assertTrue(shown(BLUE), why);
    assertEquals("running", host.state("work"));
  }

  /**
   * The one that serves; the other starts it again. Nobody is left to say how the command ended.
   */
  private void killAgent(String guest) throws Exception {
    String agent = "kill -9 $(busybox ps | busybox awk '/[@]lodge/{p=$1} END{print p}')";
    host.lodge("exec", guest, "--", "busybox", "sh", "-c", agent);
  }

  /** labwc draws a border only around windows that a security context says to be of a guest. */
  private void aCompositorWithSecurityContextsMarksWindows() throws Exception {
    rule(
        "wayland  work  @default  allow target=display mediated=yes color=d33f49 frame=compositor");
    Path shipped = host.config.resolve("image/files/display/labwc/rc.xml");
    Path ours = host.place.resolve("rc.xml");
    Files.writeString(ours, Files.readString(shipped).replace("</labwc_config>", CLIP_KEY));
    host.lodge("cp", ours.toString(), "display:/etc/lodge/labwc/rc.xml").ok();
    assertTrue(
        exec(
            "killall -9 supervise; killall -9 weston; rm -f /run/user/0/*;"
                + " setsid /usr/lib/lodge/compositor labwc </dev/null >/run/labwc.log 2>&1 &"));
    LodgeHost.until("labwc listens", () -> exec("test -S /run/user/0/wayland-1"));
    host.lodge("run", "work", "foot").ok();
    assertTrue(shown(BLUE), "labwc knows the window to be of a guest");
    assertEquals("context", windows().getJsonObject(0).getString("marking"));
    assertEquals(0, pixels(RED), "Lodge draws no frame");
    assertTrue(exec("test -S /run/lodge/wayland-work-*"));
    aKeyOfTheCompositorMovesTheClipboard();
    host.lodge("exec", "work", "--", "busybox", "killall", "-9", "foot").ok();
    LodgeHost.until(
        "the context goes with the guest's last window",
        () -> !exec("test -S /run/lodge/wayland-work-*"));
  }

  /** What foot is told by OSC 52 is its clipboard; the key is one that labwc knows. */
  private void aKeyOfTheCompositorMovesTheClipboard() throws Exception {
    rule("wayland  @any  @default  allow target=display mediated=yes frame=compositor");
    host.lodge("exec", "work", "--", "busybox", "killall", "-9", "foot").ok();
    host.lodge(
            "run",
            "work",
            "--",
            "foot",
            "sh",
            "-c",
            "while :; do printf '\\033]52;c;c2VjcmV0\\a'; sleep 1; done")
        .ok();
    LodgeHost.until("the terminal of work is there", () -> owners().equals(List.of("work")));
    type("meta_l-v");
    LodgeHost.until("labwc has run the key's command", () -> exec("test -s /run/clip"));
    assertTrue(exec("grep -q 'denied by the policy' /run/clip"), "nobody has allowed it");

    host.lodge("start", "vault").ok();
    Path rules = host.config.resolve("policy.d/60-clip.policy");
    Files.writeString(rules, "clip+work.vault  display  @host  allow\n");
    host.lodge("run", "vault", "--", "foot", "sh", "-c", "head -c 6 > /tmp/pasted; sleep 1000")
        .ok();
    LodgeHost.until("the terminal of vault is there", () -> owners().contains("vault"));
    LodgeHost.until(
        "the clipboard is moved",
        () -> {
          exec("rm -f /run/clip");
          type("meta_l-v");
          LodgeHost.until("labwc has run the key's command", () -> exec("test -s /run/clip"));
          return exec("grep -q 'bytes of work can be pasted once in vault' /run/clip");
        });
    type("ctrl-shift-v", "ret");
    LodgeHost.until(
        "it is pasted",
        () -> host.lodge("exec", "vault", "--", "grep", "-q", "secret", "/tmp/pasted").exit() == 0);
    host.lodge("exec", "vault", "--", "busybox", "killall", "-9", "foot").ok();
  }

  private boolean exec(String command) throws Exception {
    return host.lodge("exec", "display", "--", "busybox", "sh", "-c", command).exit() == 0;
  }

  private void aPersonOfTheHostSeesTheWindowsOfAGuest() throws Exception {
    Path folder = host.place.resolve("person");
    try (Weston weston = new Weston(folder, "--width=1024", "--height=640")) {
      String user = Files.getOwner(folder).getName();
      rule(
          "wayland  work  @default  allow target=@host color=d33f49 user=%s display=%s"
              .formatted(user, weston.socket()));
      // weston 10 has no seat without a screen, and foot none without a seat.
      host.lodge("run", "work", "weston-simple-shm").ok();
      LodgeHost.until(
          "the window of work is on the host's screen, in its frame",
          () -> pixels(weston.picture(), RED) > SOME_PIXELS);
      String display = windows().getJsonObject(0).getString("display");
      assertEquals("@host:" + user + ":" + weston.socket(), display);
      host.lodge("windows", "close", number("work")).ok();
      LodgeHost.until("the program has closed its window", () -> owners().isEmpty());
    }
  }

  /** The only rule for windows from now on. */
  private void rule(String line) throws Exception {
    Files.writeString(
        host.config.resolve("policy.d/50-test.policy"), "*  @host  @any  allow\n" + line + "\n");
    String options = line.substring(line.indexOf("target="));
    LodgeHost.until(
        "the rule counts",
        () -> host.lodge("policy", "explain", "wayland", "work", "--json").out().contains(options));
  }

  private void type(String... keys) throws Exception {
    List<String> command = new ArrayList<>(List.of("keys", "display"));
    command.addAll(List.of(keys));
    host.lodge(command.toArray(String[]::new)).ok();
  }

  private JsonArray windows() throws Exception {
    String json = host.lodge("windows", "--json").ok().out();
    return LodgeHost.json(json).asJsonObject().getJsonArray("windows");
  }

  private List<String> owners() throws Exception {
    return windows().stream().map(each -> each.asJsonObject().getString("guest")).toList();
  }

  private String number(String guest) throws Exception {
    return windows().stream()
        .map(each -> each.asJsonObject())
        .filter(each -> each.getString("guest").equals(guest))
        .map(each -> each.getJsonNumber("id").toString())
        .findFirst()
        .orElseThrow();
  }

  /** Whether the colour comes onto the screen. */
  private boolean shown(int color) throws Exception {
    LodgeHost.until(
        Integer.toHexString(color) + " is on the screen", () -> pixels(color) > SOME_PIXELS);
    return true;
  }

  private int pixels(int color) throws Exception {
    Path file = host.place.resolve("screen.png");
    host.lodge("screenshot", "display", file.toString()).ok();
    return pixels(ImageIO.read(file.toFile()), color);
  }

  private static int pixels(BufferedImage picture, int color) {
    int count = 0;
    for (int y = 0; y < picture.getHeight(); y++) {
      for (int x = 0; x < picture.getWidth(); x++) {
        count += picture.getRGB(x, y) == color ? 1 : 0;
      }
    }
    return count;
  }
}
