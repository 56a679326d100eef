package org.lodge.itests.bench;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lodge.itests.bench.WindowDriver.Step;
import org.lodge.itests.vsock.Result;
import org.lodge.itests.vsock.VsockServerJar;

/**
 * The way of a window from guest to guest: by Lodge, and by waypipe in the same two guests over the
 * same virtio sockets, which Lodge joins for it. Beside them the client in the display's own guest.
 */
final class WaylandGuestsBench {
  private static final String DRIVER = "/usr/local/bin/window-driver";
  private static final String VSOCK_DRIVER = "/usr/local/bin/vsock-driver";

  /** Of the display's guest; what it is behind the waypipes. */
  private static final int ECHO = 3;

  private static final String ECHO_ADDRESS = "vsock:2:" + (5100 + ECHO);

  private static final String OURS = "/run/lodge/wayland-0";
  private static final String COMPOSITOR = "/run/user/0/wayland-1";

  private static final String POLICY =
      """
      *        @host  @any      allow
      wayland  work   @default  allow target=display mediated=yes
      """;

  private static final List<Step> STEPS =
      List.of(
          new Step("wl_display.sync", "sync 200"),
          new Step("commit of 16x16 and sync", "commit 100"),
          new Step("1280x800 like text and sync", "full text 1280 800 8"),
          new Step("1280x800 random and sync", "full random 1280 800 8"),
          new Step("1280x800 like text, three buffers", "frames text 1280 800 12"),
          new Step("1280x800 random, three buffers", "frames random 1280 800 12"),
          new Step("3840x2160 like text and sync", "full text 3840 2160 2"));

  private final Path home;
  private final int runs;
  private final Table table;

  WaylandGuestsBench(Path home, int runs, Table table) {
    this.home = home;
    this.runs = runs;
    this.table = table;
  }

  void run() throws Exception {
    System.err.println("bench: windows from guest to guest ...");
    try (BenchHost host = new BenchHost(home)) {
      WindowDriver.build(host.place().resolve("config/image"));
      CProgram.build("/vsock/vsock-driver.c", host.place().resolve("config/image"));
      image(host, "app");
      image(host, "display");
      Path rules = Files.createDirectories(host.place().resolve("config/policy.d"));
      Files.writeString(rules.resolve("50-bench.policy"), POLICY);
      host.define(
          "display",
          "{\"image\": \"display-waypipe\", \"memory\": \"768M\", \"cpus\": 2,"
              + " \"screen\": {\"width\": 1280, \"height\": 800}, \"services\": {\"wayland\":"
              + " {\"socket\": \""
              + COMPOSITOR
              + "\", \"handles\": true}}}");
      host.define(
          "work",
          "{\"image\": \"app-waypipe\", \"memory\": \"768M\", \"wayland\": true,"
              + " \"requires\": [\"display\"]}");
      try (BenchHost.Running lodge = host.up()) {
        VsockServerJar.deployJoins(host.place().resolve("state/deploy"), host.place(), "display");
        measure(host, lodge);
      }
    }
  }

  /** As it is shipped, with waypipe and the clients. */
  private void image(BenchHost host, String name) throws Exception {
    String text = Files.readString(home.resolve("config/image/" + name + ".json"));
    JsonObject shipped = Json.createReader(new StringReader(text)).readObject();
    JsonObject ours =
        Json.createObjectBuilder(shipped)
            .add(
                "packages",
                Json.createArrayBuilder(shipped.getJsonArray("packages")).add("waypipe"))
            .add(
                "files",
                Json.createArrayBuilder(shipped.getJsonArray("files"))
                    .add(program(DRIVER))
                    .add(program(VSOCK_DRIVER)))
            .build();
    host.addImage(name + "-waypipe", ours.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static JsonObject program(String path) {
    return Json.createObjectBuilder()
        .add("path", path)
        .add("mode", "0755")
        .add("source", Path.of(path).getFileName().toString())
        .build();
  }

  private void measure(BenchHost host, BenchHost.Running lodge) throws Exception {
    lodge.start("display");
    lodge.start("work");
    List<String> compressions = List.of("none", "lz4");
    for (String each : compressions) {
      String start = "XDG_RUNTIME_DIR=/run/user/0 WAYLAND_DISPLAY=wayland-1 setsid waypipe --vsock";
      int port = compressions.indexOf(each) + 1;
      in(
          lodge,
          "display",
          "%s -c %s -s %d client >/tmp/%s.log 2>&1 </dev/null &"
              .formatted(start, each, port, each));
    }
    Map<String, WindowDriver.Way> ways = new LinkedHashMap<>();
    ways.put("Lodge", new GuestWay(host, lodge, "work", OURS));
    ways.put("direct, in the display's guest", new GuestWay(host, lodge, "display", COMPOSITOR));
    for (String each : compressions) {
      ways.put("waypipe -c " + each, new GuestWay(host, lodge, "work", serve(lodge, each)));
    }
    WindowDriver driver = new WindowDriver(ways);
    in(
        lodge,
        "display",
        "setsid %s serve vsock:0:%d echo >/dev/null 2>&1 </dev/null &"
            .formatted(VSOCK_DRIVER, ECHO));
    in(
        lodge,
        "work",
        "until %s rtt %s 64 1 2>/dev/null; do sleep 0.1; done"
            .formatted(VSOCK_DRIVER, ECHO_ADDRESS));
    for (int run = 0; run < runs; run++) {
      transport(driver, lodge);
      driver.measure(1, STEPS);
    }
    for (int run = 0; run < runs; run++) {
      first(driver, lodge, "Lodge", "");
      first(driver, lodge, "waypipe -c lz4", "lz4");
    }
    driver.print("guest to guest", table);
  }

  /** What carries all of this, without any of it. */
  private static void transport(WindowDriver driver, BenchHost.Running lodge) throws Exception {
    String told =
        lodge.command("exec", "-n", "work", "--", VSOCK_DRIVER, "rtt", ECHO_ADDRESS, "64", "500");
    String what = "64 bytes there and back by a virtio socket, p50";
    driver.add(what, "us", "Lodge", new Result(told.strip()).number("p50"));
  }

  /** From power-on to the return of the first picture's round trip. */
  private static void first(
      WindowDriver driver, BenchHost.Running lodge, String way, String compression)
      throws Exception {
    lodge.command("stop", "work");
    long begin = System.nanoTime();
    lodge.command("start", "work");
    String socket = compression.isEmpty() ? OURS : serve(lodge, compression);
    await(lodge, socket);
    lodge.command("exec", "-n", "work", "--", DRIVER, socket, "full", "text", "1280", "800", "1");
    driver.add(
        "power-on of the program's guest to its first picture",
        "ms",
        way,
        BenchHost.millisSince(begin));
  }

  /** Has the peer offer a socket in the guest with programs. */
  private static String serve(BenchHost.Running lodge, String compression) throws Exception {
    String socket = "/tmp/waypipe-" + compression;
    int hostPort = 5101 + List.of("none", "lz4").indexOf(compression);
    in(
        lodge,
        "work",
        "mkdir -p /run/user/0; export XDG_RUNTIME_DIR=/run/user/0; setsid waypipe"
            + " --vsock -c %s -s 2:%d --display %s server -- sleep 100000 >%s.log 2>&1 </dev/null &"
                .formatted(compression, hostPort, socket, socket));
    await(lodge, socket);
    return socket;
  }

  /** A guest is ready before all that its agent listens at is there. */
  private static void await(BenchHost.Running lodge, String socket) throws Exception {
    in(lodge, "work", "while ! test -S %s; do sleep 0.05; done".formatted(socket));
  }

  private static void in(BenchHost.Running lodge, String guest, String script) throws Exception {
    lodge.command("exec", "-n", guest, "--", "sh", "-c", script);
  }

  /** The client in a guest; processor time is that of both guests and Lodge, the client's too. */
  private record GuestWay(BenchHost host, BenchHost.Running lodge, String guest, String socket)
      implements WindowDriver.Way {
    @Override
    public Result run(String step) throws Exception {
      List<String> command = new ArrayList<>(List.of("exec", "-n", guest, "--", DRIVER, socket));
      command.addAll(List.of(step.split(" ")));
      return new Result(lodge.command(command.toArray(String[]::new)).strip());
    }

    @Override
    public double cpuSeconds() throws Exception {
      return Processors.seconds(host.supervisor(), false)
          + Processors.seconds(lodge.show("display").getInt("pid"), false)
          + Processors.seconds(lodge.show("work").getInt("pid"), false);
    }
  }
}
